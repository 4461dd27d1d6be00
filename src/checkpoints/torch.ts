import { EpdError } from '../errors.js'
import { firstNames } from '../first-names.js'
import { toTree } from './pickle-tree.js'
import { unpickle } from './pickle.js'
import { PickleError } from './pickle-values.js'
import { fromBigEndian, persistentReader, storageOf, type Storage } from './storage.js'
import type { Tree } from './tensor.js'
import { checkMachine, constructor, newReading, readStorage } from './torch-values.js'
import { readZip, type Entry } from './zip.js'

/** Reads a .pkl file. */
export function readPickle(bytes: Buffer): Tree {
  return toTree(unpickle(bytes, { construct: constructor(newReading()) }).value)
}

const MAGIC = 0x1950a86a20f9469cfc6cn

/** Whether bytes are of PyTorch's serialisation before 1.6: five pickles, then storages. */
export function isTorchLegacy(bytes: Buffer): boolean {
  try {
    return unpickle(bytes, { construct: () => undefined }).value === MAGIC
  } catch {
    return false
  }
}

/** Reads PyTorch's serialisation before 1.6. */
export function readTorchLegacy(bytes: Buffer): Tree {
  const known = new Map<string, Storage>()
  const persistent = persistentReader(({ elements, count, key }) => {
    const made = known.get(key) ?? storageOf(elements, count)
    known.set(key, made)
    return made
  })
  const construct = constructor(newReading())
  let offset = 0
  const next = () => {
    const { value, end } = unpickle(bytes, { offset, construct, persistent })
    offset = end
    return value
  }
  next() // magic number
  next() // protocol
  const machine = next()
  const value = next()
  const keys = next()
  if (!Array.isArray(keys)) throw new PickleError('its list of storages is missing')
  checkMachine(machine, known.values())
  for (const key of keys) {
    const found = typeof key === 'string' ? known.get(key) : undefined
    if (!found) throw new PickleError('its list of storages names one that nothing uses')
    const { end } = readStorage(bytes, offset, found)
    if (end > bytes.length) throw new PickleError(`it ends in the middle, at byte ${bytes.length}`)
    offset = end
  }
  return toTree(value)
}

/** Reads PyTorch's serialisation since 1.6: a zip of a pickle, data.pkl, and a file a storage, data/KEY. */
export function readTorchZip(bytes: Buffer, path: string): Tree {
  const files = readZip(bytes, path, { unchecked: isUnchecked })
  const pickle = files.names.find(name => name === 'data.pkl' || name.endsWith('/data.pkl'))
  if (pickle === undefined)
    throw new EpdError(
      'checkpoint-invalid',
      `${path}: a zip without data.pkl is not a PyTorch file${held(files.names)}`
    )
  const root = pickle.slice(0, -'data.pkl'.length)
  const big = isBigEndian(files.read(`${root}byteorder`), path)
  const known = new Map<string, Storage>()
  const persistent = persistentReader(({ elements, count, key }) => {
    const earlier = known.get(key)
    if (earlier) return earlier
    const data = files.read(`${root}data/${key}`)
    const made = storageOf(elements, count, data && big ? fromBigEndian(elements, data) : data)
    known.set(key, made)
    return made
  })
  const { value } = unpickle(files.read(pickle) ?? Buffer.alloc(0), {
    construct: constructor(newReading()),
    persistent
  })
  return toTree(value)
}

/** Files written before PyTorch 2.1 do not say; they come from machines with the least byte first. */
function isBigEndian(record: Buffer | undefined, path: string): boolean {
  const order = record?.toString('latin1').trim() ?? 'little'
  if (order === 'big' || order === 'little') return order === 'big'
  throw new EpdError('checkpoint-invalid', `${path}: its byteorder is ${JSON.stringify(order)}; expected little or big`)
}

function held(names: readonly string[]): string {
  return names.length === 0 ? '; it is empty' : `; it holds ${firstNames(names, 3)}`
}

/**
 * PyTorch writes 0 for the checksums of all storages where torch.serialization.set_crc32_options(False) has switched them off, and
 * where skip_data has left the storages to be filled later.
 */
function isUnchecked(entries: ReadonlyMap<string, Entry>): boolean {
  const storages = [...entries].filter(([name, { size }]) => /(^|\/)data\/[^/]+$/.test(name) && size > 0)
  return storages.length > 0 && storages.every(([, { crc }]) => crc === 0)
}
