import { NUMPY } from './pickled-numpy.js'
import { unpickle } from './pickle.js'
import { isKind, PickleError, type Foreign, type Value } from './pickle-values.js'
import {
  foreignStorage,
  isCount,
  isStorage,
  persistentReader,
  storageOf,
  type Elements,
  type Storage
} from './storage.js'
import { elementCount, isObject, isTensor, itemSize, type DType, type Tensor, type Tree } from './tensor.js'
import { isRowMajor, rowMajor } from './views.js'

/** The counts of the reading of one file. */
export interface Reading {
  /** Bytes that views which repeat their storage's elements may still take. */
  repeats: number
}

/** A number of bytes that no buffer kept as a view of less has. */
const REPEATS = 1 << 28

export function newReading(): Reading {
  return { repeats: REPEATS }
}

type Constructor = (args: readonly Value[], reading: Reading) => Value | undefined

/**
 * The constructors of tensors and of the plain containers around them. All else becomes an object that is never made.
 */
export function constructor(reading: Reading): (name: string, args: readonly Value[]) => Value | undefined {
  return (name, args) => {
    const plain = name
      .replace(/^__builtin__\./, 'builtins.')
      .replace(/^copy_reg\./, 'copyreg.')
      .replace(/^numpy\._core\./, 'numpy.core.')
    return Object.hasOwn(CONSTRUCTORS, plain) ? CONSTRUCTORS[plain](args, reading) : undefined
  }
}

const dictionary: Constructor = ([pairs]) => {
  if (pairs instanceof Map) return new Map(pairs)
  return new Map(
    Array.isArray(pairs) ? pairs.map(pair => (Array.isArray(pair) ? [pair[0], pair[1]] : [pair, null])) : []
  )
}
const list: Constructor = ([items]) => {
  if (isKind(items, 'set')) return items.items
  return Array.isArray(items) ? items : []
}
const first: Constructor = ([value]) => value
const bytes: Constructor = ([value]) =>
  typeof value === 'string' ? Buffer.from(value, 'latin1') : value instanceof Uint8Array ? value : Buffer.alloc(0)

const CONSTRUCTORS: Readonly<Record<string, Constructor>> = {
  ...NUMPY,
  'collections.OrderedDict': dictionary,
  'builtins.dict': dictionary,
  'dnnlib.util.EasyDict': dictionary,
  'collections.defaultdict': () => new Map(),
  'builtins.set': list,
  'builtins.frozenset': list,
  'builtins.list': list,
  'builtins.tuple': list,
  'torch.Size': list,
  'torch.jit._pickle.build_intlist': first,
  'torch.jit._pickle.build_doublelist': first,
  'torch.jit._pickle.build_boollist': first,
  'torch.jit._pickle.build_tensorlist': first,
  'torch.jit._pickle.restore_type_tag': first,
  // An archive within a pickle stays the bytes that it is.
  'torch.jit._serialization.load': first,
  '_codecs.encode': bytes,
  'builtins.bytes': bytes,
  'builtins.bytearray': bytes,
  'copyreg._reconstructor': ([type, base, state]) => instanceOf(type, base, state),
  'copyreg.__newobj__': ([type, ...args]) => instanceOf(type, null, null, args),
  'torch_utils.persistence._reconstruct_persistent_obj': ([meta]) => persistentObject(meta),
  'torch.storage._load_from_bytes': ([data]) =>
    data instanceof Uint8Array ? embeddedStorage(Buffer.from(data)) : undefined,
  'torch._utils._rebuild_tensor': viewOfStorage,
  'torch._utils._rebuild_tensor_v2': viewOfStorage,
  'torch._utils._rebuild_tensor_v3': typedView,
  'torch._utils._rebuild_parameter': first,
  'torch._utils._rebuild_parameter_with_state': first,
  'torch._utils._rebuild_device_tensor_from_cpu_tensor': first,
  'torch._utils._rebuild_device_tensor_from_numpy': ofArray,
  'torch._utils._rebuild_xla_tensor': ofArray,
  'torch._tensor._rebuild_from_type': ofSubclass,
  'torch._tensor._rebuild_from_type_v2': ofSubclass
}

/** An object by its class, and what the class it descends from has kept: a dictionary, a list. */
function instanceOf(type: Value, base: Value, content: Value, args: Value[] = []): Value | undefined {
  if (!isKind(type, 'global')) return undefined
  const own = { kind: 'object', className: type.name, args, state: null } as const
  if (isKind(base, 'global') && (content instanceof Map || Array.isArray(content))) return { ...own, items: content }
  return { ...own }
}

/** EDM's persistent classes carry their class name and state. */
function persistentObject(meta: Value): Value | undefined {
  if (!(meta instanceof Map)) return undefined
  const className = meta.get('class_name')
  return {
    kind: 'object',
    className: typeof className === 'string' ? className : '',
    args: [],
    state: meta.get('state') ?? null
  }
}

/** A storage that is a whole file of PyTorch before 1.6. */
function embeddedStorage(data: Buffer): Value {
  let found: Storage | undefined
  const find = persistentReader(({ elements, count }) => (found ??= storageOf(elements, count)))
  let offset = 0
  let machine: Value = null
  for (let i = 0; i < 5; i++) {
    const part = unpickle(data, { offset, construct: () => undefined, persistent: find })
    if (i === 2) machine = part.value
    offset = part.end
  }
  if (!found) throw new PickleError('a storage within it is cut off')
  checkMachine(machine, [found])
  const { end } = readStorage(data, offset, found)
  if (end > data.length) throw new PickleError('a storage within it is cut off')
  return foreignStorage(found)
}

/** Reads the length and the bytes of a storage as PyTorch before 1.6 writes them. */
export function readStorage(data: Buffer, offset: number, storage: Storage): { end: number } {
  const end = offset + 8 + storage.elements.size * storage.count
  if (end <= data.length) storage.data = data.subarray(offset + 8, end)
  return { end }
}

/**
 * PyTorch before 1.6 notes the order of its machine's bytes, and writes elements in the other order all the same;
 * programs that imitate it do not.
 */
export function checkMachine(machine: Value, storages: Iterable<Storage>): void {
  const little = machine instanceof Map ? machine.get('little_endian') : undefined
  if (little === false && [...storages].some(({ elements }) => elements.size > 1))
    throw new PickleError(
      'it was written on a big-endian machine (little_endian is False), and the order of its bytes is not ' +
        'certain; load it there and save it with PyTorch 2, or as safetensors'
    )
}

/** (storage, offset, size, stride, requires_grad, hooks, marks) */
function viewOfStorage(
  [source, offset, size, stride, , , marks]: readonly Value[],
  reading: Reading
): Value | undefined {
  if (!isKind(source, 'foreign') || !isStorage(source.what)) return undefined
  return view(source.what, source.what.elements, [offset, size, stride, marks], reading)
}

/** (storage, offset, size, stride, requires_grad, hooks, type, marks), of types that have no storage of their own. */
function typedView(
  [source, offset, size, stride, , , type, marks]: readonly Value[],
  reading: Reading
): Value | undefined {
  if (!isKind(source, 'foreign') || !isStorage(source.what) || !isKind(type, 'global')) return undefined
  const name = type.name.replace(/^torch\./, '')
  const dtype = DTYPES.find(known => known === name)
  return view(source.what, { name, size: dtype ? itemSize(dtype) : 1, dtype }, [offset, size, stride, marks], reading)
}

const DTYPES: readonly DType[] = [
  ...(['float64', 'float32', 'float16', 'bfloat16', 'int64', 'int32', 'int16', 'int8', 'uint8', 'bool'] as const)
]

function view(
  from: Storage,
  elements: Elements,
  [offset, size, stride, marks]: readonly Value[],
  reading: Reading
): Foreign | undefined {
  if (!isCount(offset) || !isCounts(size) || !isCounts(stride) || size.length !== stride.length) return undefined
  const { dtype, name } = elements
  const mark = marks instanceof Map ? ['neg', 'conj'].find(each => marks.get(each) === true) : undefined
  const tree = (): Tree =>
    dtype && mark === undefined
      ? contiguous(from, dtype, offset, size, stride, reading)
      : { kind: 'object', className: 'torch.Tensor', args: [mark ? `${name} (${mark})` : name, size], state: null }
  return { kind: 'foreign', what: {}, tree }
}

/** A tensor of a class of its own: (function, class, arguments, state). */
function ofSubclass([make, , args]: readonly Value[], reading: Reading): Value | undefined {
  return isKind(make, 'global') && Array.isArray(args) ? constructor(reading)(make.name, args) : undefined
}

/** A tensor of a device, written as a NumPy array. */
function ofArray([array]: readonly Value[]): Value {
  const tree = (convert: (value: Value) => Tree) => {
    const found = convert(array)
    return isObject(found) && isTensor(found.args[0]) ? found.args[0] : found
  }
  return { kind: 'foreign', what: {}, tree }
}

/** The elements of a view, in row-major order. */
function contiguous(
  { data }: Storage,
  dtype: DType,
  offset: number,
  shape: readonly number[],
  stride: readonly number[],
  reading: Reading
): Tensor {
  const item = itemSize(dtype)
  const count = elementCount(shape)
  if (!data) throw new PickleError('the data of a tensor is missing')
  const last = shape.reduce((sum, size, i) => sum + Math.max(size - 1, 0) * stride[i], offset)
  if (count > 0 && (last + 1) * item > data.byteLength) throw new PickleError('a tensor is larger than its data')
  if (isRowMajor(shape, stride))
    return { kind: 'tensor', dtype, shape, data: data.subarray(offset * item, (offset + count) * item) }
  if (count * item > data.byteLength) reading.repeats -= count * item
  if (reading.repeats < 0) throw new PickleError('a tensor is larger than its data')
  return { kind: 'tensor', dtype, shape, data: rowMajor(data, item, offset, shape, stride) }
}

/** Axes that no tensor of PyTorch or NumPy goes beyond. */
const MAX_AXES = 64

function isCounts(value: Value): value is number[] {
  return Array.isArray(value) && value.length <= MAX_AXES && value.every(isCount)
}
