import type { Ops } from '../engines/ops.js'
import { bicubicShares } from './bicubic.js'

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
  return resized(ops, x, [
    ops.constant(interpolation(height, size, grid), [size, height]),
    ops.constant(interpolation(width, size, grid), [size, width])
  ])
}

/**
 * Bicubic interpolation (Keys 1981, a = -1/2) to size x size pixels that blurs what becomes smaller, as Pillow does it
 * to images of floating-point numbers: nothing is rounded, and pixels at edges may leave the range of x. x: [batch,
 * channels, height, width].
 */
export function resizeBicubic<T>(ops: Ops<T>, x: T, size: number): T {
  const [, , height, width] = ops.shape(x)
  return resized(ops, x, [
    ops.constant(cubic(height, size), [size, height]),
    ops.constant(cubic(width, size), [size, width])
  ])
}

/** rows: [to, height], columns: [to, width]: the shares of the image's pixels in each of the resized one. */
function resized<T>(ops: Ops<T>, x: T, [rows, columns]: readonly [rows: T, columns: T]): T {
  return ops.matmul(ops.matmul(rows, x), ops.transpose(columns, [1, 0]))
}

/** [to, from]: each pixel's shares of those near it. */
function cubic(from: number, to: number): Float32Array {
  const matrix = new Float32Array(to * from)
  for (const [i, { first, shares }] of bicubicShares(from, to).entries()) matrix.set(shares, i * from + first)
  return matrix
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
