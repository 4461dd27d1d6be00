/** The size of two arrays that are combined number by number; -1, the batch, goes with itself and with 1. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length)
  const size = (shape: readonly number[], i: number) => shape[i - rank + shape.length] ?? 1
  return Array.from({ length: rank }, (_, i) => {
    const [m, n] = [size(a, i), size(b, i)]
    if (m === n || n === 1) return m
    if (m === 1) return n
    throw new RangeError(`arrays of ${a.join('x')} and ${b.join('x')} do not fit together`)
  })
}

/** The shape that a reshape leads to, with the batch (-1) kept a batch. */
export function reshapedShape(from: readonly number[], to: readonly number[]): number[] {
  const kept = to.map((size, i) => (size === 0 ? from[i] : size))
  if (from[0] === -1 && kept[0] !== -1) throw new RangeError('the batch must stay the first dimension')
  const open = kept.indexOf(-1, from[0] === -1 ? 1 : 0)
  if (open < 0) return kept
  const product = (shape: readonly number[]) => shape.reduce((all, size) => (size === -1 ? all : all * size), 1)
  return kept.map((size, i) => (i === open ? product(from) / product(kept) : size))
}

/** The size of a product of the last two dimensions, the others side by side. */
export function matmulShape(a: readonly number[], b: readonly number[]): number[] {
  return [...broadcastShape(a.slice(0, -2), b.slice(0, -2)), a[a.length - 2], b[b.length - 1]]
}

/** Pixels that a window of `size` sees at its places along a side. */
export function windowed(length: number, size: number, stride: number, padding: number): number {
  return Math.floor((length + 2 * padding - size) / stride) + 1
}

/** Above and below, left and right. */
export function paddings(padding: number | readonly [number, number]): readonly [number, number] {
  return typeof padding === 'number' ? [padding, padding] : padding
}
