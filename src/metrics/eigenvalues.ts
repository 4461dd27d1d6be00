import type { Matrices, Matrix } from '../engines/onnx/matrices.js'
import { EpdError } from '../errors.js'
import { turns } from '../turns.js'
import { toBand, toTridiagonal } from './band.js'
import { normalised } from './scaling.js'

/** Off-diagonals in between: many make products of matrices large, few make it cheap to be rid of them. */
const BAND = 32
/** Steps within which an eigenvalue is found; two or three are usual. */
const STEPS = 60

/**
 * The eigenvalues of a symmetric matrix, which is handed over, unordered: orthogonally to a band, to a tridiagonal
 * matrix, then implicit QL steps with Wilkinson's shift (Golub & Van Loan, Matrix Computations, section 8.3.3). Entries
 * of any size are scaled.
 * @throws RangeError if an entry is not finite
 * @throws EpdError `score-undefined` if the steps lead nowhere
 */
export async function eigenvalues(matrix: Matrix, matrices: Matrices, signal?: AbortSignal): Promise<Float64Array> {
  if (!matrix.data.every(Number.isFinite)) throw new RangeError('eigenvalues of a matrix that is not finite')
  const turn = turns(signal)
  const { rows, columns } = matrix
  const { data, scale } = normalised(matrix.data)
  const band = await toBand({ rows, columns, data }, BAND, matrices, turn)
  const { diagonal, offDiagonal } = await toTridiagonal(band, turn)
  for (let low = 0; low < rows; low++) {
    for (let step = 0; ; step++) {
      const high = firstNegligible(diagonal, offDiagonal, low)
      if (high === low) break
      if (step === STEPS)
        throw new EpdError(
          'score-undefined',
          `eigenvalue ${low + 1} of a matrix of ${rows} rows, whose entries go up to ${largestOf(diagonal) * scale}, is not found in ${STEPS} steps`
        )
      qlStep(diagonal, offDiagonal, low, high)
      await turn()
    }
  }
  return diagonal.map(value => value * scale)
}

function largestOf(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
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
