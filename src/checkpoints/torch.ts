import { EpdError } from '../errors.js'
import { isKind, unpickle, PickleError, type Value } from './pickle.js'
import { elementCount, itemSize, type DType, type Tensor, type Tree } from './tensor.js'
import { readZip } from './zip.js'

const STORAGES = new Map<string, DType>([
  ['DoubleStorage', 'float64'],
  ['FloatStorage', 'float32'],
  ['HalfStorage', 'float16'],
  ['BFloat16Storage', 'bfloat16'],
  ['LongStorage', 'int64'],
  ['IntStorage', 'int32'],
  ['ShortStorage', 'int16'],
  ['CharStorage', 'int8'],
  ['ByteStorage', 'uint8'],
  ['BoolStorage', 'bool']
])

/** Untyped bytes that tensors are views of. They may come after the pickle that speaks of them. */
interface Storage {
  readonly dtype: DType
  readonly elements: number
  data: Uint8Array | undefined
}

const storages = new WeakSet()

function isStorage(value: object): value is Storage {
  return storages.has(value)
}

function storage(dtype: DType, elements: number, data?: Uint8Array): Storage {
  const made: Storage = { dtype, elements, data }
  storages.add(made)
  return made
}

/** numpy.dtype, as much of it as its scalars and arrays need. */
interface NumpyType {
  readonly numpy: string
}

function isNumpyType(what: object): what is NumpyType {
  return 'numpy' in what
}

/** A tensor whose storage is not read yet. */
type Lazy = () => Tensor

interface Reading {
  readonly persistent?: (id: Value) => Value
  /** Tensors to be made once all storages are there. */
  readonly later: Map<object, Lazy>
}

/** Reads a .pkl file. */
export function readPickle(bytes: Buffer): Tree {
  const reading: Reading = { later: new Map() }
  const { value } = unpickle(bytes, { construct: constructor(reading) })
  return toTree(value, reading.later)
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
  const reading: Reading = { later: new Map(), persistent: typedStorage(known => storage(known.dtype, known.elements)) }
  const known = new Map<string, Storage>()
  let offset = 0
  const next = (persistent?: (id: Value) => Value) => {
    const { value, end } = unpickle(bytes, { offset, construct: constructor(reading), persistent })
    offset = end
    return value
  }
  next() // magic number
  next() // protocol
  next() // byte order and sizes of the machine it was written on
  const value = next(
    typedStorage(({ dtype, elements, key }) => {
      const made = known.get(key) ?? storage(dtype, elements)
      known.set(key, made)
      return made
    })
  )
  const keys = next()
  if (!Array.isArray(keys)) throw new PickleError('its list of storages is missing')
  for (const key of keys) {
    const found = known.get(textOf(key))
    const size = found ? itemSize(found.dtype) * found.elements : 0
    if (!found || offset + 8 + size > bytes.length)
      throw new PickleError(`it ends in the middle, at byte ${bytes.length}`)
    found.data = bytes.subarray(offset + 8, offset + 8 + size)
    offset += 8 + size
  }
  return toTree(value, reading.later)
}

/** Reads PyTorch's serialisation since 1.6: a zip of a pickle, data.pkl, and a file a storage, data/KEY. */
export function readTorchZip(bytes: Buffer, path: string): Tree {
  const files = readZip(bytes, path)
  const pickle = files.names.find(name => name === 'data.pkl' || name.endsWith('/data.pkl'))
  if (pickle === undefined)
    throw new EpdError('checkpoint-invalid', `${path}: a zip without data.pkl is not a PyTorch file`)
  const root = pickle.slice(0, -'data.pkl'.length)
  const known = new Map<string, Storage>()
  const reading: Reading = { later: new Map() }
  const { value } = unpickle(files.read(pickle) ?? Buffer.alloc(0), {
    construct: constructor(reading),
    persistent: typedStorage(({ dtype, elements, key }) => {
      const made = known.get(key) ?? storage(dtype, elements, files.read(`${root}data/${key}`))
      known.set(key, made)
      return made
    })
  })
  return toTree(value, reading.later)
}

/** Reads the tuple ('storage', type, key, location, elements, ...) by which a tensor names its storage. */
function typedStorage(find: (id: { dtype: DType; elements: number; key: string }) => Storage): (id: Value) => Value {
  return id => {
    const [tag, type, key, , elements] = Array.isArray(id) ? id : []
    const dtype = isKind(type, 'global') ? STORAGES.get(type.name.split('.').at(-1) ?? '') : undefined
    if (tag !== 'storage' || !dtype || typeof key !== 'string' || !isCount(elements))
      throw new PickleError(`it refers to data of an unknown kind${isKind(type, 'global') ? `, ${type.name}` : ''}`)
    return { kind: 'foreign', what: find({ dtype, elements, key }) }
  }
}

/** The constructors that tensors and the plain containers around them need. All else is an error of the machine. */
function constructor(reading: Reading): (name: string, args: readonly Value[]) => Value | undefined {
  return (name, args) => {
    switch (name.replace('__builtin__.', 'builtins.')) {
      case 'collections.OrderedDict':
      case 'builtins.dict':
      case 'dnnlib.util.EasyDict': {
        const [pairs] = args
        if (pairs instanceof Map) return new Map(pairs)
        return new Map(
          Array.isArray(pairs) ? pairs.map(pair => (Array.isArray(pair) ? [pair[0], pair[1]] : [pair, null])) : []
        )
      }
      case 'collections.defaultdict':
        return new Map()
      case 'builtins.set':
      case 'builtins.frozenset':
      case 'builtins.list':
      case 'builtins.tuple':
      case 'torch.Size':
        return Array.isArray(args[0]) ? args[0] : []
      case 'torch.jit._pickle.build_intlist':
      case 'torch.jit._pickle.build_doublelist':
      case 'torch.jit._pickle.build_boollist':
      case 'torch.jit._pickle.build_tensorlist':
      case 'torch.jit._pickle.restore_type_tag':
      // An archive within a pickle stays the bytes that it is.
      case 'torch.jit._serialization.load':
        return args[0]
      case '_codecs.encode':
      case 'builtins.bytearray':
        return typeof args[0] === 'string' ? Buffer.from(args[0], 'latin1') : bytesOf(args[0])
      case 'torch_utils.persistence._reconstruct_persistent_obj':
        return persistentObject(args[0])
      case 'torch.storage._load_from_bytes':
        return args[0] instanceof Uint8Array ? embeddedStorage(Buffer.from(args[0])) : undefined
      case 'torch._utils._rebuild_tensor_v2':
      case 'torch._utils._rebuild_tensor':
        return lazyTensor(args, reading)
      case 'torch._utils._rebuild_parameter':
        return args[0]
      case 'torch.device':
      case 'torch.nn.modules.container.ModuleDict':
        return { kind: 'object', className: name, args: [...args], state: null }
      case 'numpy.dtype':
        return { kind: 'foreign', what: { numpy: textOf(args[0]) } }
      case 'numpy.core.multiarray.scalar':
      case 'numpy._core.multiarray.scalar':
        return numpyScalar(args)
      default:
        return undefined
    }
  }
}

/** EDM's persistent classes carry their class name and state. */
function persistentObject(meta: Value): Value | undefined {
  if (!(meta instanceof Map)) return undefined
  const className = meta.get('class_name')
  return { kind: 'object', className: textOf(className), args: [], state: meta.get('state') ?? null }
}

function embeddedStorage(bytes: Buffer): Value {
  let found: Storage | undefined
  const find = typedStorage(({ dtype, elements }) => (found ??= storage(dtype, elements)))
  let offset = 0
  for (let i = 0; i < 5; i++)
    ({ end: offset } = unpickle(bytes, { offset, construct: () => undefined, persistent: find }))
  const size = found ? itemSize(found.dtype) * found.elements : 0
  if (!found || offset + 8 + size > bytes.length) throw new PickleError('a storage within it is cut off')
  found.data = bytes.subarray(offset + 8, offset + 8 + size)
  return { kind: 'foreign', what: found }
}

/** (storage, offset, size, stride, ...) */
function lazyTensor([source, offset, size, stride]: readonly Value[], { later }: Reading): Value | undefined {
  if (!isKind(source, 'foreign') || !isStorage(source.what)) return undefined
  if (!isCount(offset) || !isCounts(size) || !isCounts(stride) || size.length !== stride.length) return undefined
  const from = source.what
  const what = {}
  later.set(what, () => contiguous(from, offset, size, stride))
  return { kind: 'foreign', what }
}

/** Bytes up to which a view may repeat its storage's elements. */
const REPEATED = 1 << 20

/** The elements of a view, in row-major order. */
function contiguous(
  { dtype, data }: Storage,
  offset: number,
  shape: readonly number[],
  stride: readonly number[]
): Tensor {
  const item = itemSize(dtype)
  const count = elementCount(shape)
  if (!data) throw new PickleError('the data of a tensor is missing')
  const last = shape.reduce((sum, size, i) => sum + Math.max(size - 1, 0) * stride[i], offset)
  if (count > 0 && (last + 1) * item > data.byteLength) throw new PickleError('a tensor is larger than its data')
  const dense = shape.reduceRight(
    (expected, size, i) => (size === 1 || stride[i] === expected ? expected * size : NaN),
    1
  )
  if (count === 0 || dense === count)
    return { kind: 'tensor', dtype, shape, data: data.subarray(offset * item, (offset + count) * item) }
  if (count * item > Math.max(data.byteLength, REPEATED)) throw new PickleError('a tensor is larger than its data')
  const copy = new Uint8Array(count * item)
  for (let i = 0; i < count; i++) {
    let index = i
    let from = offset
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += (index % shape[axis]) * stride[axis]
      index = Math.floor(index / shape[axis])
    }
    copy.set(data.subarray(from * item, (from + 1) * item), i * item)
  }
  return { kind: 'tensor', dtype, shape, data: copy }
}

function numpyScalar([type, bytes]: readonly Value[]): Value | undefined {
  if (!isKind(type, 'foreign') || !isNumpyType(type.what) || !(bytes instanceof Uint8Array)) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  switch (type.what.numpy) {
    case 'f8':
      return view.getFloat64(0, true)
    case 'f4':
      return view.getFloat32(0, true)
    case 'i8':
      return Number(view.getBigInt64(0, true))
    case 'i4':
      return view.getInt32(0, true)
    case 'b1':
      return view.getUint8(0) !== 0
    default:
      return undefined
  }
}

function bytesOf(value: Value | undefined): Value | undefined {
  return value instanceof Uint8Array ? value : undefined
}

function textOf(value: Value | undefined): string {
  return typeof value === 'string' ? value : ''
}

function isCount(value: Value | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isCounts(value: Value): value is number[] {
  return Array.isArray(value) && value.every(isCount)
}

const MAX_DEPTH = 500

/**
 * The plain tree of what a pickle built: no globals, no storages, tensors whole. Shared parts stay shared; where a part
 * would hold itself there is null.
 */
function toTree(root: Value, later: Reading['later']): Tree {
  const done = new Map<Value, Tree>()
  const open = new Set<Value>()
  const convert = (value: Value): Tree => {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
    const known = done.get(value)
    if (known !== undefined) return known
    if (open.has(value)) return null
    if (open.size > MAX_DEPTH) throw new PickleError('it is nested too deeply')
    open.add(value)
    const tree = build(value)
    open.delete(value)
    done.set(value, tree)
    return tree
  }
  const build = (value: Exclude<Value, null | string | number | bigint | boolean | Uint8Array>): Tree => {
    if (Array.isArray(value)) return value.map(convert)
    if (value instanceof Map) return new Map([...value].map(([key, each]) => [convert(key), convert(each)]))
    switch (value.kind) {
      case 'tensor':
        return value
      case 'global':
        return { kind: 'object', className: value.name, args: [], state: null }
      case 'set':
        return value.items.map(convert)
      case 'object':
        return {
          kind: 'object',
          className: value.className,
          args: value.args.map(convert),
          state: convert(value.state)
        }
      case 'foreign':
        return later.get(value.what)?.() ?? null
    }
  }
  return convert(root)
}
