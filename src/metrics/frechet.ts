import { eigenvalues } from './eigenvalues.js'
import type { Statistics } from './statistics.js'

/** Mean and covariance. */
export type Moments = Omit<Statistics, 'count'>

/**
 * The Frechet distance of two normal distributions (Dowson & Landau 1982; Heusel et al. 2017, arXiv 1706.08500):
 * |mean_a - mean_b|^2 + tr(A + B - 2 (A B)^(1/2)). With A = L L^T, A B has the eigenvalues of the symmetric L^T B L, so the trace of its
 * root is the sum of their roots; a covariance without full rank needs no special care.
 * @throws RangeError if the two differ in dimensions
 */
export function frechetDistance(a: Moments, b: Moments): number {
  const n = a.mean.length
  if (b.mean.length !== n) throw new RangeError(`statistics of ${n} and of ${b.mean.length} dimensions`)
  let distance = 0
  for (let i = 0; i < n; i++) {
    distance += (a.mean[i] - b.mean[i]) ** 2
    distance += a.covariance[i * n + i] + b.covariance[i * n + i]
  }
  const columns = semidefiniteRoot(a.covariance, n)
  const roots = eigenvalues(congruence(columns, b.covariance, n), columns.length)
  return distance - 2 * roots.reduce((sum, value) => sum + Math.sqrt(Math.max(value, 0)), 0)
}

/** Below this part of the largest, a pivot is rounding. */
const RANK_TOLERANCE = 1e-15

/** The columns of L with L L^T = a, by Cholesky's method with pivots; as many as a has rank. */
function semidefiniteRoot(a: Float64Array, n: number): Float64Array[] {
  const left = Float64Array.from({ length: n }, (_, i) => a[i * n + i])
  const largest = left.reduce((most, value) => Math.max(most, value), 0)
  const columns: Float64Array[] = []
  const used = new Uint8Array(n)
  while (columns.length < n) {
    let pivot = -1
    for (let i = 0; i < n; i++) if (!used[i] && (pivot < 0 || left[i] > left[pivot])) pivot = i
    if (left[pivot] <= largest * RANK_TOLERANCE) break
    used[pivot] = 1
    const column = a.slice(pivot * n, (pivot + 1) * n)
    for (const earlier of columns) {
      const factor = earlier[pivot]
      for (let i = 0; i < n; i++) column[i] -= factor * earlier[i]
    }
    const root = Math.sqrt(left[pivot])
    for (let i = 0; i < n; i++) {
      column[i] = used[i] && i !== pivot ? 0 : column[i] / root
      left[i] -= column[i] ** 2
    }
    columns.push(column)
  }
  return columns
}

/** L^T B L, row-major. */
function congruence(columns: readonly Float64Array[], b: Float64Array, n: number): Float64Array {
  const rank = columns.length
  const product = new Float64Array(rank * rank)
  for (let p = 0; p < rank; p++) {
    const image = symmetricTimes(b, columns[p], n)
    for (let q = p; q < rank; q++) {
      const value = dot(image, columns[q])
      product[p * rank + q] = value
      product[q * rank + p] = value
    }
  }
  return product
}

function symmetricTimes(b: Float64Array, vector: Float64Array, n: number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => dot(b.subarray(i * n, (i + 1) * n), vector))
}

/** In four sums side by side, always in the same order. */
function dot(a: Float64Array, b: Float64Array): number {
  let [s, t, u, v] = [0, 0, 0, 0]
  let i = 0
  for (; i + 4 <= a.length; i += 4) {
    s += a[i] * b[i]
    t += a[i + 1] * b[i + 1]
    u += a[i + 2] * b[i + 2]
    v += a[i + 3] * b[i + 3]
  }
  for (; i < a.length; i++) s += a[i] * b[i]
  return s + t + (u + v)
}
