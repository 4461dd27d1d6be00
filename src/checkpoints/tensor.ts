import { fromFloat16 } from './half.js'

/** The types of numbers that tensors hold. */
export type DType =
  'float64' | 'float32' | 'float16' | 'bfloat16' | 'int64' | 'int32' | 'int16' | 'int8' | 'uint8' | 'bool'

/** A dense array as a file holds it: little-endian bytes, row-major, contiguous. */
export interface Tensor {
  readonly kind: 'tensor'
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly data: Uint8Array
}

/** An instance of a class that was not run: its qualified name and what its pickle would have built it from. */
export interface TaggedObject {
  readonly kind: 'object'
  readonly className: string
  readonly args: readonly Tree[]
  readonly state: Tree
  /** The elements that a class which is a list or a dictionary holds as one. */
  readonly items?: Tree
}

/** Plain data from a checkpoint. Dictionaries keep their order. */
export type Tree =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Tensor
  | TaggedObject
  | readonly Tree[]
  | ReadonlyMap<Tree, Tree>

export function isList(value: Tree): value is readonly Tree[] {
  return Array.isArray(value)
}

export function isMap(value: Tree | undefined): value is ReadonlyMap<Tree, Tree> {
  return value instanceof Map
}

export function isObject(value: Tree | undefined): value is TaggedObject {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'object'
}

export function isTensor(value: Tree | undefined): value is Tensor {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'tensor'
}

/** A mapping as JSON has it. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value that an object's pickle would have set under a name. */
export function field({ state }: TaggedObject, name: string): Tree | undefined {
  return isMap(state) ? state.get(name) : undefined
}

/** A network's class, constructor arguments and state dict (torch names), whatever file it came from. */
export interface NetworkCheckpoint {
  readonly className: string
  readonly initKwargs: Readonly<Record<string, unknown>>
  readonly tensors: ReadonlyMap<string, Tensor>
}

const ITEM_SIZE: Readonly<Record<DType, number>> = {
  float64: 8,
  float32: 4,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint8: 1,
  bool: 1
}

/** Whether a type is one of floating-point numbers. */
export function isFloating(dtype: DType): boolean {
  return /^b?float/.test(dtype)
}

export function itemSize(dtype: DType): number {
  return ITEM_SIZE[dtype]
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

export function byteSize(dtype: DType, shape: readonly number[]): number {
  return itemSize(dtype) * elementCount(shape)
}

/** A floating-point tensor's values. @throws RangeError for any other type */
export function toFloat64(tensor: Tensor): Float64Array {
  return filled(new Float64Array(elementCount(tensor.shape)), tensor)
}

/** A floating-point tensor's values in single precision. @throws RangeError for any other type */
export function toFloat32(tensor: Tensor): Float32Array {
  return filled(new Float32Array(elementCount(tensor.shape)), tensor)
}

function filled<Values extends Float32Array | Float64Array>(values: Values, { dtype, data }: Tensor): Values {
  const read = reader(new DataView(data.buffer, data.byteOffset, data.byteLength), dtype)
  for (let i = 0; i < values.length; i++) values[i] = read(i)
  return values
}

function reader(view: DataView, dtype: DType): (index: number) => number {
  switch (dtype) {
    case 'float64':
      return i => view.getFloat64(8 * i, true)
    case 'float32':
      return i => view.getFloat32(4 * i, true)
    case 'float16':
      return i => fromFloat16(view.getUint16(2 * i, true))
    case 'bfloat16': {
      const bits = new DataView(new ArrayBuffer(4))
      return i => {
        bits.setUint16(0, view.getUint16(2 * i, true))
        return bits.getFloat32(0)
      }
    }
    default:
      throw new RangeError(`a tensor of ${dtype} where one of floating-point numbers is needed`)
  }
}
