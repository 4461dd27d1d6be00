import { power } from '../../power.js'

/**
 * Winograd's minimal filtering F(4x4, 3x3) (Lavin & Gray 2015, arXiv 1509.09308): 4 x 4 pixels of a convolution by 3 x
 * 3 from 36 products a pair of channels in place of 144, on images cut into overlapping tiles of 6 x 6. The matrices
 * follow from the points at which polynomials are evaluated (Toom & Cook); the last is infinity.
 */
const POINTS = [0, 1, -1, 0.5, -0.5]

/** Pixels of a tile's answer, of the kernel, and of the tile, along a side. */
export const ANSWER = 4
const KERNEL = 3
export const TILE = ANSWER + KERNEL - 1

/** [TILE, KERNEL]: a kernel's values at the points, divided by what interpolation divides by. */
const KERNEL_AT = [
  ...POINTS.map((point, at) => {
    const divisor = POINTS.reduce((product, other, l) => (l === at ? product : product * (point - other)), 1)
    return Array.from({ length: KERNEL }, (_, k) => power(point, k) / divisor)
  }),
  [0, 0, 1]
]

/** [TILE, TILE]: what a tile is multiplied with. */
const TILE_AT = [...POINTS.map((_, k) => coefficients(POINTS.filter((_, l) => l !== k))), coefficients(POINTS)]

/** [ANSWER, TILE]: pixels from the products at the points. */
const ANSWER_AT = Array.from({ length: ANSWER }, (_, k) => [
  ...POINTS.map(point => power(point, k)),
  Number(k === ANSWER - 1)
])

/** The coefficients of the polynomial with these roots, the lowest first, as many as a tile has pixels. */
function coefficients(roots: readonly number[]): number[] {
  let found = [1]
  for (const root of roots) found = [...found, 0].map((_, i) => (found[i - 1] ?? 0) - root * (found[i] ?? 0))
  return Array.from({ length: TILE }, (_, i) => found[i] ?? 0)
}

/** [TILE^2, KERNEL^2], row-major: kernels as columns of pixels to their values at pairs of points. */
export function kernelMatrix(): Float32Array {
  return kronecker(KERNEL_AT)
}

/** [ANSWER^2, TILE^2], row-major. */
export function answerMatrix(): Float32Array {
  return kronecker(ANSWER_AT)
}

/**
 * [TILE, tiles, length], row-major: a side of `length` pixels, with one of zeros before and behind it, to what its
 * tiles are at each point.
 */
export function sideMatrix(length: number): Float32Array {
  const tiles = length / ANSWER
  const matrix = new Float32Array(TILE * tiles * length)
  TILE_AT.forEach((row, i) => {
    for (let tile = 0; tile < tiles; tile++)
      row.forEach((value, d) => {
        const pixel = tile * ANSWER + d - 1
        if (pixel >= 0 && pixel < length) matrix[(i * tiles + tile) * length + pixel] = value
      })
  })
  return matrix
}

/** A matrix's Kronecker product with itself: what it does to rows and columns at once. */
function kronecker(matrix: readonly (readonly number[])[]): Float32Array {
  return Float32Array.from(matrix.flatMap(a => matrix.flatMap(b => a.flatMap(x => b.map(y => x * y)))))
}
