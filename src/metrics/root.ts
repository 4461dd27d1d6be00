import type { Matrices, Matrix } from '../engines/onnx/matrices.js'

/** Columns of the root between two updates of what is left. */
const BLOCK = 128

/** What Cholesky's method with pivots makes of a matrix. */
export interface Root {
  /** L^T with L L^T = a, row after row. */
  readonly rows: readonly Float64Array[]
  /** The diagonal of a - L L^T. */
  readonly left: Float64Array
}

/**
 * Cholesky's method with pivots on a symmetric matrix, block by block, until no pivot is above `least`: then what is
 * left is rounding, or the matrix is not positive semi-definite.
 */
export async function triangularRoot(a: Float64Array, n: number, least: number, matrices: Matrices): Promise<Root> {
  const left = Float64Array.from({ length: n }, (_, i) => a[i * n + i])
  const used = new Uint8Array(n)
  const rows: Float64Array[] = []
  let rest: Float64Array<ArrayBuffer> | undefined
  for (;;) {
    const block: Float64Array[] = []
    while (block.length < BLOCK && rows.length + block.length < n) {
      const pivot = largest(left, used)
      if (left[pivot] <= least) break
      block.push(pivoted(rest ?? a, n, pivot, left, used, block))
    }
    rows.push(...block)
    if (block.length < BLOCK || rows.length === n) return { rows, left }
    rest = (await matrices.subtractSquare({ rows: n, columns: n, data: rest ?? a.slice() }, stacked(block, n))).data
  }
}

/**
 * Whether a symmetric matrix, which is used up, is positive definite: whether Cholesky's method comes to its end.
 * Without pivots what is left grows smaller from block to block, which makes it faster than a root.
 */
export async function isPositiveDefinite(
  a: Float64Array<ArrayBuffer>,
  n: number,
  matrices: Matrices
): Promise<boolean> {
  let [rest, size] = [a, n]
  while (size > 0) {
    const rows: Float64Array[] = []
    while (rows.length < Math.min(BLOCK, size)) {
      const at = rows.length
      const row = rest.slice(at * size, (at + 1) * size)
      subtractMultiples(row, rows, at)
      if (!(row[at] > 0)) return false
      const root = Math.sqrt(row[at])
      rows.push(row.map((value, i) => (i < at ? 0 : value / root)))
    }
    const left = size - rows.length
    if (left === 0) return true
    const corner = new Float64Array(left * left)
    for (let i = 0; i < left; i++)
      corner.set(rest.subarray((rows.length + i) * size + rows.length, (rows.length + i + 1) * size), i * left)
    const l = stacked(
      rows.map(row => row.subarray(rows.length)),
      left
    )
    rest = (await matrices.subtractSquare({ rows: left, columns: left, data: corner }, l)).data
    size = left
  }
  return true
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

export function stacked(rows: readonly Float64Array[], columns: number): Matrix {
  const data = new Float64Array(rows.length * columns)
  rows.forEach((row, i) => {
    data.set(row, i * columns)
  })
  return { rows: rows.length, columns, data }
}
