import { openMatrices, type Matrices, type Matrix } from '../engines/onnx/matrices.js'
import { eigenvalues } from './eigenvalues.js'
import type { Statistics } from './statistics.js'

/** Mean and covariance. */
export type Moments = Omit<Statistics, 'count'>

/**
 * The Frechet distance of two normal distributions (Dowson & Landau 1982; Heusel et al. 2017, arXiv 1706.08500):
 * |mean_a - mean_b|^2 + tr(A + B - 2 (A B)^(1/2)). With A = L L^T, A B has the eigenvalues of the symmetric L^T B L, so the trace of its
 * root is the sum of their roots; a covariance without full rank needs no special care. Large products are ONNX Runtime's.
 * @throws RangeError if the two differ in dimensions
 */
export async function frechetDistance(a: Moments, b: Moments): Promise<number> {
  const n = a.mean.length
  if (b.mean.length !== n) throw new RangeError(`statistics of ${n} and of ${b.mean.length} dimensions`)
  let distance = 0
  for (let i = 0; i < n; i++) {
    distance += (a.mean[i] - b.mean[i]) ** 2
    distance += a.covariance[i * n + i] + b.covariance[i * n + i]
  }
  const matrices = openMatrices()
  try {
    const root = await semidefiniteRoot(a.covariance, n, matrices)
    if (root.rows === 0) return distance
    const product = await matrices.congruence(root, { rows: n, columns: n, data: b.covariance.slice() })
    const roots = await eigenvalues(product, matrices)
    return distance - 2 * roots.reduce((sum, value) => sum + Math.sqrt(Math.max(value, 0)), 0)
  } finally {
    await matrices.close()
  }
}

/** Below this part of the largest, a pivot is rounding. */
const RANK_TOLERANCE = 1e-15
/** Columns of the root between two updates of what is left. */
const BLOCK = 128

/**
 * L^T with L L^T = a, by Cholesky's method with pivots, block by block; as many rows as a has rank. Where all that is left of a is
 * rounding, it ends.
 */
async function semidefiniteRoot(a: Float64Array, n: number, matrices: Matrices): Promise<Matrix> {
  const left = Float64Array.from({ length: n }, (_, i) => a[i * n + i])
  const least = left.reduce((most, value) => Math.max(most, value), 0) * RANK_TOLERANCE
  const used = new Uint8Array(n)
  const rows: Float64Array[] = []
  let rest = a.slice()
  for (;;) {
    const block: Float64Array[] = []
    while (block.length < BLOCK && rows.length + block.length < n) {
      const pivot = largest(left, used)
      if (left[pivot] <= least) break
      block.push(pivoted(rest, n, pivot, left, used, block))
    }
    rows.push(...block)
    if (block.length < BLOCK || rows.length === n) return stacked(rows, n)
    rest = (await matrices.subtractSquare({ rows: n, columns: n, data: rest }, stacked(block, n))).data
  }
}

function largest(left: Float64Array, used: Uint8Array): number {
  let pivot = -1
  for (let i = 0; i < left.length; i++) if (!used[i] && (pivot < 0 || left[i] > left[pivot])) pivot = i
  return pivot
}

/** The next row of L^T; what is left of the diagonal, and the pivots used, are noted. */
function pivoted(
  rest: Float64Array,
  n: number,
  pivot: number,
  left: Float64Array,
  used: Uint8Array,
  block: readonly Float64Array[]
): Float64Array {
  const row = rest.slice(pivot * n, (pivot + 1) * n)
  subtractMultiples(row, block, pivot)
  used[pivot] = 1
  const root = Math.sqrt(left[pivot])
  for (let i = 0; i < n; i++) {
    row[i] = used[i] && i !== pivot ? 0 : row[i] / root
    left[i] -= row[i] ** 2
  }
  return row
}

/** row minus each of the rows times its entry at `at`; four of them at a time. */
function subtractMultiples(row: Float64Array, rows: readonly Float64Array[], at: number): void {
  let k = 0
  for (; k + 4 <= rows.length; k += 4) {
    const [a, b, c, d] = [rows[k], rows[k + 1], rows[k + 2], rows[k + 3]]
    const [p, q, r, s] = [a[at], b[at], c[at], d[at]]
    for (let i = 0; i < row.length; i++) row[i] -= p * a[i] + q * b[i] + r * c[i] + s * d[i]
  }
  for (const rest of rows.slice(k)) {
    const factor = rest[at]
    for (let i = 0; i < row.length; i++) row[i] -= factor * rest[i]
  }
}

function stacked(rows: readonly Float64Array[], columns: number): Matrix {
  const data = new Float64Array(rows.length * columns)
  rows.forEach((row, i) => {
    data.set(row, i * columns)
  })
  return { rows: rows.length, columns, data }
}
