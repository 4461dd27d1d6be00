/**
 * Elements of a view, in row-major order, out of the bytes that it looks at. The caller has checked that all of them
 * lie within.
 */
export function rowMajor(
  data: Uint8Array,
  item: number,
  offset: number,
  shape: readonly number[],
  stride: readonly number[]
): Uint8Array {
  const count = shape.reduce((product, size) => product * size, 1)
  const copy = new Uint8Array(count * item)
  const index = shape.map(() => 0)
  let from = offset
  for (let i = 0; i < count; i++) {
    for (let byte = 0; byte < item; byte++) copy[i * item + byte] = data[from * item + byte]
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += stride[axis]
      if (++index[axis] < shape[axis]) break
      from -= stride[axis] * shape[axis]
      index[axis] = 0
    }
  }
  return copy
}

/** Whether a view's elements lie one after another in row-major order. */
export function isRowMajor(shape: readonly number[], stride: readonly number[]): boolean {
  const count = shape.reduce((product, size) => product * size, 1)
  const dense = shape.reduceRight(
    (expected, size, i) => (size === 1 || stride[i] === expected ? expected * size : NaN),
    1
  )
  return count === 0 || dense === count
}

/** The strides of an array whose first axis runs fastest, as Fortran's. */
export function fortranStride(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(0, axis).reduce((product, size) => product * size, 1))
}
