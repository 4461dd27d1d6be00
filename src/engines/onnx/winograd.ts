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
 * A side of an image in windows of whole tiles. The pixels of one overlap those of the next, as tiles do; a side that
 * is one window has no more pixels than its own.
 */
export interface Windows {
  readonly count: number
  /** Tiles of a window. */
  readonly tiles: number
  /** Pixels of a window, those before its first answer and behind its last one among them. */
  readonly size: number
  /**
   * [count, size]: which pixel of the side each one of a window is; below 0 or above the side's length outside of it.
   */
  readonly pixels: readonly (readonly number[])[]
  readonly length: number
}

/**
 * Pixels of a side from which on windows are faster, and the least and most that a window answers for. All tiles of a
 * side are one product with a matrix that is mostly 0; of 512 pixels that product takes longer than the convolution.
 */
const [WHOLE, LEAST, MOST] = [64, 16, 32]

/** The windows of a side of so many pixels, a multiple of ANSWER. */
export function windowsOf(length: number): Windows {
  const tiles = tilesOfWindow(length)
  if (tiles === length / ANSWER)
    return { count: 1, tiles, size: length, pixels: [Array.from({ length }, (_, pixel) => pixel)], length }
  const [count, own] = [length / (tiles * ANSWER), tiles * ANSWER]
  const size = own + KERNEL - 1
  const pixels = Array.from({ length: count }, (_, k) => Array.from({ length: size }, (_, d) => k * own + d - 1))
  return { count, tiles, size, pixels, length }
}

function tilesOfWindow(length: number): number {
  if (length > WHOLE) for (let own = MOST; own >= LEAST; own -= ANSWER) if (length % own === 0) return own / ANSWER
  return length / ANSWER
}

/**
 * [count, TILE, tiles, size], row-major: the pixels of each window, zeros outside of the side, to what its tiles are at
 * each point.
 */
export function sideMatrix({ count, tiles, size, pixels, length }: Windows): Float32Array {
  const matrix = new Float32Array(count * TILE * tiles * size)
  pixels.forEach((window, k) => {
    TILE_AT.forEach((row, i) => {
      for (let tile = 0; tile < tiles; tile++)
        row.forEach((value, d) => {
          const pixel = (k * tiles + tile) * ANSWER + d - 1
          if (pixel < 0 || pixel >= length) return
          matrix[((k * TILE + i) * tiles + tile) * size + pixel - window[0]] = value
        })
    })
  })
  return matrix
}

/** A matrix's Kronecker product with itself: what it does to rows and columns at once. */
function kronecker(matrix: readonly (readonly number[])[]): Float32Array {
  return Float32Array.from(matrix.flatMap(a => matrix.flatMap(b => a.flatMap(x => b.map(y => x * y)))))
}
