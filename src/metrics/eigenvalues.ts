import type { Matrices, Matrix } from '../engines/onnx/matrices.js'
import { toBand, toTridiagonal } from './band.js'

/** Off-diagonals in between: many make products of matrices large, few make it cheap to be rid of them. */
const BAND = 32

/**
 * The eigenvalues of a symmetric matrix, which is handed over, unordered: orthogonally to a band, to a tridiagonal matrix, then
 * implicit QL steps with Wilkinson's shift (Golub & Van Loan, Matrix Computations, section 8.3.3).
 * @throws RangeError if an entry is not finite
 */
export async function eigenvalues(matrix: Matrix, matrices: Matrices): Promise<Float64Array> {
  if (!matrix.data.every(Number.isFinite)) throw new RangeError('eigenvalues of a matrix that is not finite')
  const n = matrix.rows
  const { diagonal, offDiagonal } = toTridiagonal(await toBand(matrix, BAND, matrices))
  for (let low = 0; low < n; low++) {
    for (;;) {
      const high = firstNegligible(diagonal, offDiagonal, low)
      if (high === low) break
      qlStep(diagonal, offDiagonal, low, high)
    }
  }
  return diagonal
}

/** The first place from `low` on whose coupling to the next is lost in rounding. */
function firstNegligible(diagonal: Float64Array, offDiagonal: Float64Array, low: number): number {
  for (let i = low; i + 1 < diagonal.length; i++) {
    const size = Math.abs(diagonal[i]) + Math.abs(diagonal[i + 1])
    if (
      Math.abs(offDiagonal[i]) <= Number.EPSILON * size ||
      Math.abs(offDiagonal[i]) < Number.MIN_VALUE / Number.EPSILON
    )
      return i
  }
  return diagonal.length - 1
}

/** One implicit QL step on the block low..high. */
function qlStep(d: Float64Array, e: Float64Array, low: number, high: number): void {
  const half = (d[low + 1] - d[low]) / (2 * e[low])
  const root = Math.hypot(half, 1)
  let g = d[high] - d[low] + e[low] / (half + (half >= 0 ? root : -root))
  let sin = 1
  let cos = 1
  let shift = 0
  for (let i = high - 1; i >= low; i--) {
    const f = sin * e[i]
    const b = cos * e[i]
    const r = Math.hypot(f, g)
    if (i + 1 < high) e[i + 1] = r
    if (r === 0) {
      d[i + 1] -= shift
      if (i + 1 < high) e[i + 1] = 0
      return
    }
    sin = f / r
    cos = g / r
    g = d[i + 1] - shift
    const t = (d[i] - g) * sin + 2 * cos * b
    shift = sin * t
    d[i + 1] = g + shift
    g = cos * t - b
  }
  d[low] -= shift
  e[low] = g
}
