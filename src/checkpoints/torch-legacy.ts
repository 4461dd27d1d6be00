import type { Format } from './format.js'
import { toTree } from './pickle-tree.js'
import { PickleError } from './pickle-values.js'
import { unpickle } from './pickle.js'
import { persistentReader, storageOf, type Storage } from './storage.js'
import type { Tree } from './tensor.js'
import { checkMachine, constructor, newReading, readStorage } from './torch-values.js'

const MAGIC = 0x1950a86a20f9469cfc6cn

/** PyTorch's serialisation before 1.6: five pickles, of which the first is a magic number, then storages. */
export const TORCH_LEGACY: Format = { name: 'a PyTorch file', recognises: ({ bytes }) => isLegacy(bytes), read }

function isLegacy(bytes: Buffer): boolean {
  try {
    return unpickle(bytes, { construct: () => undefined }).value === MAGIC
  } catch {
    return false
  }
}

function read({ bytes }: { readonly bytes: Buffer }): { readonly kind: 'tree'; readonly tree: Tree } {
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
  return { kind: 'tree', tree: toTree(value) }
}
