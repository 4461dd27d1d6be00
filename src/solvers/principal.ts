import { dot } from './march.js'

/** Rotations of all pairs of rows; a handful is usual. */
const SWEEPS = 30
/** The cosine of the angle between two rows that counts as none. */
const ORTHOGONAL = 1e-14
/** The share of the largest singular value, or of a unit vector, that counts as rounding. */
const NEGLIGIBLE = 1e-7

/**
 * The right singular vectors of a matrix with its singular values, the largest first: unit vectors along which its rows
 * vary most about 0. Rows are rotated in pairs until all are orthogonal to each other (one-sided Jacobi; Hestenes 1958,
 * Golub & Van Loan, Matrix Computations, section 8.6.3), which loses no small singular value beside a large one.
 * @param rows few rows of any one length
 * @returns as many as the rows are independent, at most `count`
 */
export function principalDirections(rows: readonly Float64Array[], count: number): Float64Array[] {
  const turned = rows.map(row => Float64Array.from(row))
  for (let sweep = 0; sweep < SWEEPS; sweep++) if (!rotateAll(turned)) break
  const found = turned.map(row => ({ row, size: norm(row) })).sort((a, b) => b.size - a.size)
  const least = NEGLIGIBLE * found[0].size
  return found
    .filter(({ size }) => size > least)
    .slice(0, count)
    .map(({ row, size }) => row.map(value => value / size))
}

/** Makes each pair of rows orthogonal once; whether any had to be turned. */
function rotateAll(rows: readonly Float64Array[]): boolean {
  let turned = false
  for (let p = 0; p < rows.length; p++)
    for (let q = p + 1; q < rows.length; q++) turned = rotate(rows[p], rows[q]) || turned
  return turned
}

/** Turns two rows in their plane until they are orthogonal. */
function rotate(a: Float64Array, b: Float64Array): boolean {
  const [aa, bb, ab] = [dot(a, a), dot(b, b), dot(a, b)]
  if (Math.abs(ab) <= ORTHOGONAL * Math.sqrt(aa * bb)) return false
  const zeta = (bb - aa) / (2 * ab)
  const tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta))
  const cosine = 1 / Math.sqrt(1 + tangent * tangent)
  const sine = cosine * tangent
  for (let i = 0; i < a.length; i++) {
    const [one, other] = [a[i], b[i]]
    a[i] = cosine * one - sine * other
    b[i] = sine * one + cosine * other
  }
  return true
}

/**
 * Unit vectors that are orthogonal to each other, by Gram and Schmidt: each of the given ones less its part along those
 * before it. One that has no other part is left as zeros.
 */
export function orthonormal(vectors: readonly Float64Array[]): Float64Array[] {
  const found: Float64Array[] = []
  for (const vector of vectors) {
    const rest = Float64Array.from(vector)
    // Once more, so that rounding leaves nothing along the others.
    for (let pass = 0; pass < 2; pass++) for (const each of found) subtract(rest, dot(rest, each), each)
    const size = norm(rest)
    found.push(size > NEGLIGIBLE * norm(vector) ? rest.map(value => value / size) : rest.fill(0))
  }
  return found
}

/** Takes `by` times another vector off one. */
function subtract(from: Float64Array, by: number, other: Float64Array): void {
  for (let i = 0; i < from.length; i++) from[i] -= by * other[i]
}

export function norm(vector: Float64Array): number {
  return Math.sqrt(dot(vector, vector))
}
