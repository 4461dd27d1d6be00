import type { DType } from './tensor.js'
import { fromFloat16 } from './half.js'

/** A type of NumPy's arrays: its letter, the bytes of an element and their order. */
export interface NumpyType {
  /** b (truth values), i, u, f, c (complex), S, U (texts), M, m (times), V (raw) or O (any object). */
  readonly kind: string
  readonly size: number
  readonly bigEndian: boolean
}

/** The type of NumPy's short name, such as `<f8`; undefined for any other text. */
export function numpyType(name: string): NumpyType | undefined {
  const match = /^([<>|=]?)([biufcSUMmVO])(\d*)(?:\[.*\])?$/.exec(name)
  if (!match) return undefined
  const [, order, kind, digits] = match
  const size = kind === 'U' ? 4 * Number(digits) : Number(digits)
  return { kind, size, bigEndian: order === '>' }
}

const TENSORS: Readonly<Partial<Record<string, DType>>> = {
  ...{ f8: 'float64', f4: 'float32', f2: 'float16', i8: 'int64', i4: 'int32', i2: 'int16', i1: 'int8' },
  ...{ u1: 'uint8', b1: 'bool' }
}

/** The type of tensors with the same elements; undefined where there is none. */
export function tensorType({ kind, size }: NumpyType): DType | undefined {
  return TENSORS[`${kind}${size}`]
}

/** The bytes of one number within an element: a complex one has two of them, a text one each 4 bytes. */
export function numberSize({ kind, size }: NumpyType): number {
  if (kind === 'c') return size / 2
  return kind === 'U' ? 4 : kind === 'S' || kind === 'V' ? 1 : size
}

/**
 * A function that reads a number at a byte, in the order of the type; undefined for what is no number that fits 64
 * bits.
 */
export function numberReader(
  { kind, size, bigEndian }: NumpyType,
  bytes: Uint8Array
): ((at: number) => number | bigint) | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const little = !bigEndian
  switch (`${kind}${size}`) {
    case 'f8':
      return at => view.getFloat64(at, little)
    case 'f4':
      return at => view.getFloat32(at, little)
    case 'f2':
      return at => fromFloat16(view.getUint16(at, little))
    case 'i8':
      return at => whole(view.getBigInt64(at, little))
    case 'u8':
      return at => whole(view.getBigUint64(at, little))
    case 'i4':
      return at => view.getInt32(at, little)
    case 'u4':
      return at => view.getUint32(at, little)
    case 'i2':
      return at => view.getInt16(at, little)
    case 'u2':
      return at => view.getUint16(at, little)
    case 'i1':
      return at => view.getInt8(at)
    case 'u1':
    case 'b1':
      return at => view.getUint8(at)
    default:
      return undefined
  }
}

function whole(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}
