import { byteSwapped } from './byte-order.js'
import { numberReader, numberSize, numpyType, tensorType, type NumpyType } from './numpy-type.js'
import { isKind, PickleError, type Foreign, type Value } from './pickle-values.js'
import { isCount } from './storage.js'
import { elementCount, type TaggedObject, type Tree } from './tensor.js'
import { fortranStride, rowMajor } from './views.js'

/** The functions that NumPy's pickles call, by their names before version 2. */
export const NUMPY: Readonly<Record<string, (args: readonly Value[]) => Value | undefined>> = {
  'numpy.dtype': args => (typeof args[0] === 'string' ? dtype(args[0]) : undefined),
  'numpy.core.multiarray.scalar': scalar,
  'numpy.core.multiarray._reconstruct': ([type]) =>
    array(isKind(type, 'global') ? type.name : 'numpy.ndarray', undefined),
  'numpy.core.numeric._frombuffer': ([data, type, shape, order]) =>
    array('numpy.ndarray', { shape, type, fortran: order === 'F', data })
}

/** A numpy.dtype, whose state says in which order its bytes are. */
interface PickledType {
  name: string
}

const types = new WeakSet()

function isType(what: object): what is PickledType {
  return types.has(what)
}

function dtype(name: string): Foreign {
  const what: PickledType = { name }
  types.add(what)
  return {
    kind: 'foreign',
    what,
    tree: () => tagged('numpy.dtype', [what.name]),
    setState(state) {
      const order = Array.isArray(state) ? state[1] : undefined
      if (typeof order === 'string' && /^[<>|=]$/.test(order)) what.name = `${order}${name}`
    }
  }
}

function typeOf(value: Value): { name: string; type?: NumpyType } {
  const name = isKind(value, 'foreign') && isType(value.what) ? value.what.name : ''
  return { name, type: numpyType(name) }
}

interface ArrayState {
  readonly shape: Value
  readonly type: Value
  readonly fortran: boolean
  /** Bytes, or a list of any objects. */
  readonly data: Value
}

function array(className: string, first: ArrayState | undefined): Foreign {
  let own = first
  return {
    kind: 'foreign',
    what: {},
    tree: convert => (own ? arrayTree(className, own, convert) : tagged(className, [])),
    setState(state) {
      // The version that comes first is left out by NumPy before 1.0.
      const parts = Array.isArray(state) ? state.slice(-4) : []
      if (parts.length === 4) own = { shape: parts[0], type: parts[1], fortran: parts[2] === true, data: parts[3] }
    }
  }
}

/** The axes that an array of NumPy may have. */
const MAX_AXES = 64

function arrayTree(
  className: string,
  { shape, type, fortran, data }: ArrayState,
  convert: (value: Value) => Tree
): Tree {
  const { name, type: known } = typeOf(type)
  const bytes = bytesOf(data)
  const of = known && tensorType(known)
  const sizes = Array.isArray(shape) ? shape.slice(0, MAX_AXES + 1).map(Number) : []
  if (sizes.length > MAX_AXES || !sizes.every(isCount))
    throw new PickleError('a NumPy array has a size that is no count')
  if (!known || !of || !bytes) return tagged(className, [name, sizes, convert(data)])
  if (bytes.length !== elementCount(sizes) * known.size)
    throw new PickleError('a NumPy array does not have the size that it says')
  const ordered = known.bigEndian ? byteSwapped(bytes, known.size) : bytes
  const rows = fortran ? rowMajor(ordered, known.size, 0, sizes, fortranStride(sizes)) : ordered
  return tagged(className, [{ kind: 'tensor', dtype: of, shape: sizes, data: rows }])
}

function scalar([type, content]: readonly Value[]): Value | undefined {
  const { name, type: known } = typeOf(type)
  if (!known) return undefined
  if (known.kind === 'O') return content
  const bytes = bytesOf(content)
  if (!bytes) return undefined
  const other = (className: string, args: Value[]): Value => ({ kind: 'object', className, args, state: null })
  if (known.kind === 'S') return bytes
  if (bytes.length < known.size) throw new PickleError(`a NumPy number of type ${name} is cut off`)
  if (known.kind === 'U') return textOf(known, bytes)
  const item = numberSize(known)
  const read = numberReader(
    { ...known, kind: known.kind === 'c' ? 'f' : 'Mm'.includes(known.kind) ? 'i' : known.kind, size: item },
    bytes
  )
  if (!read) return other('numpy.generic', [name, bytes])
  if (known.kind === 'c') return other('builtins.complex', [read(0), read(item)])
  if (known.kind === 'M' || known.kind === 'm')
    return other(known.kind === 'M' ? 'numpy.datetime64' : 'numpy.timedelta64', [read(0)])
  return known.kind === 'b' ? read(0) !== 0 : read(0)
}

/** UTF-32 without the zeros at its end. */
function textOf({ bigEndian }: NumpyType, bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const points = Array.from({ length: bytes.length >> 2 }, (_, i) => view.getUint32(4 * i, !bigEndian))
  if (points.some(point => point > 0x10ffff)) throw new PickleError('a text of NumPy holds what is no character')
  const end = points.findLastIndex(point => point !== 0) + 1
  return points
    .slice(0, end)
    .map(point => String.fromCodePoint(point))
    .join('')
}

/** Python 2 writes bytes as texts. */
function bytesOf(value: Value | undefined): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value
  return typeof value === 'string' ? Buffer.from(value, 'latin1') : undefined
}

function tagged(className: string, args: readonly Tree[]): TaggedObject {
  return { kind: 'object', className, args, state: null }
}
