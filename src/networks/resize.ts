import type { Ops } from '../engines/ops.js'

/**
 * The places of a resized image's pixels in the image that it is made of. With `corners` pixel i lies at i * from / to,
 * as TensorFlow 1 has it; with `centers` at (i + 1/2) * from / to - 1/2, as PyTorch has it (align_corners false).
 */
export type PixelGrid = 'corners' | 'centers'

/**
 * Bilinear interpolation to size x size pixels, without blurring what becomes smaller. x: [batch, channels, height,
 * width].
 */
export function resizeBilinear<T>(ops: Ops<T>, x: T, size: number, grid: PixelGrid): T {
  const [, , height, width] = ops.shape(x)
  const rows = ops.constant(interpolation(height, size, grid), [size, height])
  const columns = ops.constant(interpolation(width, size, grid), [size, width])
  return ops.matmul(ops.matmul(rows, x), ops.transpose(columns, [1, 0]))
}

/** [to, from]: each pixel's shares of the two that it lies between. */
function interpolation(from: number, to: number, grid: PixelGrid): Float32Array {
  const matrix = new Float32Array(to * from)
  const offset = grid === 'centers' ? 0.5 : 0
  for (let i = 0; i < to; i++) {
    const place = Math.min(Math.max(((i + offset) * from) / to - offset, 0), from - 1)
    const below = Math.floor(place)
    matrix[i * from + below] += 1 - (place - below)
    if (below + 1 < from) matrix[i * from + below + 1] += place - below
  }
  return matrix
}

/**
 * Each pixel of a size takes that of the image which it lies over, as PyTorch's `nearest` does. x: [batch, channels,
 * height, width].
 */
export function resizeNearest<T>(ops: Ops<T>, x: T, [rows, columns]: readonly [height: number, width: number]): T {
  const [, , height, width] = ops.shape(x)
  const down = ops.constant(nearest(height, rows), [rows, height])
  const across = ops.constant(nearest(width, columns), [columns, width])
  return ops.matmul(ops.matmul(down, x), ops.transpose(across, [1, 0]))
}

/** [to, from]: a one at the pixel that each takes. PyTorch computes its place in single precision. */
function nearest(from: number, to: number): Float32Array {
  const matrix = new Float32Array(to * from)
  const share = Math.fround(from / to)
  for (let i = 0; i < to; i++) matrix[i * from + Math.min(Math.floor(Math.fround(i * share)), from - 1)] = 1
  return matrix
}
