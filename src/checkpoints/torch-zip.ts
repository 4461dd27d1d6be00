import { EpdError } from '../errors.js'
import { firstNames } from '../first-names.js'
import type { CheckpointFile, Content, Format } from './format.js'
import { toTree } from './pickle-tree.js'
import { unpickle } from './pickle.js'
import { fromBigEndian, persistentReader, storageOf, type Storage } from './storage.js'
import { constructor, newReading } from './torch-values.js'
import { beginsAsZip, readZip, type Entry } from './zip.js'

/** PyTorch's serialisation since 1.6: a zip of a pickle, data.pkl, and a file a storage, data/KEY. */
export const TORCH_ZIP: Format = { name: 'a PyTorch file', recognises: ({ bytes }) => beginsAsZip(bytes), read }

function read({ bytes, path }: CheckpointFile): Content {
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
  return { kind: 'tree', tree: toTree(value) }
}

/** Files written before PyTorch 2.1 do not name their byte order; they come from machines with the least byte first. */
function isBigEndian(record: Buffer | undefined, path: string): boolean {
  const order = record?.toString('latin1').trim() ?? 'little'
  if (order === 'big' || order === 'little') return order === 'big'
  throw new EpdError('checkpoint-invalid', `${path}: its byteorder is ${JSON.stringify(order)}; expected little or big`)
}

function held(names: readonly string[]): string {
  return names.length === 0 ? '; it is empty' : `; it holds ${firstNames(names, 3)}`
}

/**
 * Whether the archive's checksums say nothing. PyTorch writes 0 for the checksums of all storages where
 * torch.serialization.set_crc32_options(False) has switched them off, and where skip_data has left the storages to be
 * filled later.
 */
function isUnchecked(entries: ReadonlyMap<string, Entry>): boolean {
  const storages = [...entries].filter(([name, { size }]) => /(^|\/)data\/[^/]+$/.test(name) && size > 0)
  return storages.length > 0 && storages.every(([, { crc }]) => crc === 0)
}
