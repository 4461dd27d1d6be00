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
}

/** Plain data from a checkpoint. Dictionaries keep their order. */
export type Tree =
  null | boolean | number | bigint | string | Uint8Array | Tensor | TaggedObject | readonly Tree[] | ReadonlyMap<Tree, Tree>

/** A network's class, constructor arguments and state dict (torch names), whatever file it came from. */
export interface NetworkCheckpoint {
  readonly className: string
  readonly initKwargs: Readonly<Record<string, unknown>>
  readonly tensors: ReadonlyMap<string, Tensor>
}
