import { byteSwapped } from './byte-order.js'
import { isKind, PickleError, type Foreign, type Value } from './pickle-values.js'
import type { DType } from './tensor.js'

/** The elements of a storage: what PyTorch calls them, their bytes, and their type here where there is one. */
export interface Elements {
  readonly name: string
  readonly size: number
  readonly dtype?: DType
}

function known(dtype: DType, size: number): Elements {
  return { name: dtype, size, dtype }
}

const STORAGES = new Map<string, Elements>([
  ['DoubleStorage', known('float64', 8)],
  ['FloatStorage', known('float32', 4)],
  ['HalfStorage', known('float16', 2)],
  ['BFloat16Storage', known('bfloat16', 2)],
  ['LongStorage', known('int64', 8)],
  ['IntStorage', known('int32', 4)],
  ['ShortStorage', known('int16', 2)],
  ['CharStorage', known('int8', 1)],
  ['ByteStorage', known('uint8', 1)],
  ['BoolStorage', known('bool', 1)],
  ['UntypedStorage', known('uint8', 1)],
  ['ComplexFloatStorage', { name: 'complex64', size: 8 }],
  ['ComplexDoubleStorage', { name: 'complex128', size: 16 }],
  ['QInt8Storage', { name: 'qint8', size: 1 }],
  ['QUInt8Storage', { name: 'quint8', size: 1 }],
  ['QInt32Storage', { name: 'qint32', size: 4 }],
  ['QUInt4x2Storage', { name: 'quint4x2', size: 1 }],
  ['QUInt2x4Storage', { name: 'quint2x4', size: 1 }]
])

/** Untyped bytes that tensors are views of. They may come after the pickle that speaks of them. */
export interface Storage {
  readonly elements: Elements
  readonly count: number
  data: Uint8Array | undefined
}

const storages = new WeakSet()

export function isStorage(value: object): value is Storage {
  return storages.has(value)
}

export function storageOf(elements: Elements, count: number, data?: Uint8Array): Storage {
  const made: Storage = { elements, count, data }
  storages.add(made)
  return made
}

/** Bytes of a machine that has the greatest of a number first, as all others have them. */
export function fromBigEndian({ size, dtype }: Elements, data: Uint8Array): Uint8Array {
  // Elements that are not read here keep their order.
  return dtype && size > 1 ? byteSwapped(data, size) : data
}

/** The name by which a tensor refers to its storage. */
export interface StorageId {
  readonly elements: Elements
  readonly count: number
  readonly key: string
}

/**
 * Reads the tuple ('storage', type, key, location, elements, ...) by which a tensor names its storage, and ('module',
 * class, ...), by which older files name a class with its source.
 */
export function persistentReader(find: (id: StorageId) => Storage): (id: Value) => Value {
  return id => {
    const [tag, type, key, , count] = Array.isArray(id) ? id : []
    if (tag === 'module' && isKind(type, 'global')) return type
    if (typeof id === 'string')
      throw new PickleError(
        "it names its data by texts, as pickle's protocol 0 does, which PyTorch cannot read either; save it with " +
          'protocol 2'
      )
    const elements = isKind(type, 'global') ? STORAGES.get(type.name.split('.').at(-1) ?? '') : undefined
    if (tag !== 'storage' || !elements || typeof key !== 'string' || !isCount(count))
      throw new PickleError(`it refers to data of an unknown kind${isKind(type, 'global') ? `, ${type.name}` : ''}`)
    if (Array.isArray(id) && Array.isArray(id.at(5)))
      throw new PickleError(
        'a storage in it is a part of another, as PyTorch before 0.4 wrote it; save it anew with a newer one'
      )
    return foreignStorage(find({ elements, count, key }))
  }
}

export function foreignStorage(storage: Storage): Foreign {
  const { elements, count } = storage
  const tree = () =>
    ({ kind: 'object', className: 'torch.Storage', args: [elements.name, count], state: null }) as const
  return { kind: 'foreign', what: storage, tree }
}

export function isCount(value: Value | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
