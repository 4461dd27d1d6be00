import { openMatrices, type Matrices, type Matrix } from '../engines/onnx/matrices.js'
import { EpdError } from '../errors.js'
import { faultOfMoments, NEGATIVE, toleranceOf } from './covariance.js'
import { eigenvalues } from './eigenvalues.js'
import { stacked, triangularRoot } from './root.js'
import { normalised } from './scaling.js'
import type { Moments } from './statistics.js'

export type { Moments } from './statistics.js'

/**
 * The Frechet distance of two normal distributions (Dowson & Landau 1982; Heusel et al. 2017, arXiv 1706.08500):
 * |mean_a - mean_b|^2 + tr(A + B - 2 (A B)^(1/2)). With A = L L^T, A B has the eigenvalues of the symmetric L^T B L, so the trace of its
 * root is the sum of their roots; a covariance without full rank needs no special care. Large products are ONNX
 * Runtime's.
 * @throws RangeError if the two differ in dimensions
 * @throws EpdError `score-undefined` if either has no mean and covariance, or if the distance is no finite number
 */
export async function frechetDistance(a: Moments, b: Moments, signal?: AbortSignal): Promise<number> {
  const n = a.mean.length
  if (b.mean.length !== n) throw new RangeError(`statistics of ${n} and of ${b.mean.length} dimensions`)
  expectMoments(a, 'first')
  expectMoments(b, 'second')
  let distance = 0
  for (let i = 0; i < n; i++) {
    distance += (a.mean[i] - b.mean[i]) ** 2
    distance += a.covariance[i * n + i] + b.covariance[i * n + i]
  }
  distance -= 2 * (await traceOfRoot(symmetric(a.covariance, n), symmetric(b.covariance, n), n, signal))
  if (Number.isFinite(distance)) return distance
  throw new EpdError('score-undefined', `the Frechet distance of means and covariances of this size is ${distance}`)
}

function expectMoments(moments: Moments, which: string): void {
  const fault = faultOfMoments(moments)
  if (fault !== undefined) throw new EpdError('score-undefined', `the ${which} statistics are none: ${fault}`)
}

/** tr (A B)^(1/2) */
async function traceOfRoot(a: Float64Array, b: Float64Array, n: number, signal?: AbortSignal): Promise<number> {
  const [{ data, scale }, other] = [normalised(a), normalised(b)]
  const matrices = openMatrices(signal)
  try {
    const root = await semidefiniteRoot(data, n, matrices)
    if (root.rows === 0) return 0
    const trace = root.data.reduce((sum, value) => sum + value ** 2, 0)
    const product = await matrices.congruence(root, { rows: n, columns: n, data: other.data })
    const values = await eigenvalues(product, matrices, signal)
    const { part, weights } = toleranceOf(b, n)
    const heaviest = weights.reduce((most, weight) => Math.max(most, weight), 0)
    if (values.some(value => value < (-part * trace * heaviest ** 2) / other.scale))
      throw new EpdError('score-undefined', `the second statistics are none: ${NEGATIVE}`)
    return (
      Math.sqrt(scale) * Math.sqrt(other.scale) * values.reduce((sum, value) => sum + Math.sqrt(Math.max(value, 0)), 0)
    )
  } finally {
    await matrices.close()
  }
}

/** Below this part of the largest, a pivot is rounding. */
const RANK_TOLERANCE = 1e-15
/** What a matrix stored in few digits has in place of zeros makes a root of larger pivots only. */
const COARSER = 1e3

/**
 * L^T with L L^T = a, by Cholesky's method with pivots; as many rows as a has rank. Where all that is left of a is
 * rounding, it ends.
 */
async function semidefiniteRoot(a: Float64Array, n: number, matrices: Matrices): Promise<Matrix> {
  const largest = a.reduce((most, value, at) => (at % (n + 1) === 0 ? Math.max(most, value) : most), 0)
  const { part, weights } = toleranceOf(a, n)
  const most = part * weights.reduce((sum, weight) => Math.max(sum, weight), 0) ** 2
  for (let least = largest * RANK_TOLERANCE; ; least *= COARSER) {
    const { rows, left } = await triangularRoot(a, n, least, matrices)
    if (left.every(value => value >= -COARSER * least)) return stacked(rows, n)
    if (least > most) throw new EpdError('score-undefined', `the first statistics are none: ${NEGATIVE}`)
  }
}

/** The mean of a matrix and its mirror image. */
function symmetric(matrix: Float64Array, n: number): Float64Array {
  const mean = new Float64Array(n * n)
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) mean[i * n + j] = matrix[i * n + j] / 2 + matrix[j * n + i] / 2
  return mean
}
