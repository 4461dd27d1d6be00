import type { Matrices, Matrix } from '../engines/onnx/matrices.js'
import { turns } from '../turns.js'

/**
 * A symmetric matrix with `width` diagonals on each side of its main one: columns[j * stride + d] is entry (j + d, j).
 */
export interface Band {
  readonly n: number
  readonly width: number
  /** width + 2: a column has room for one entry more. */
  readonly stride: number
  readonly columns: Float64Array
}

/**
 * An orthogonally similar matrix of `width` off-diagonals: block by block a panel's QR decomposition is applied from
 * both sides, so that nearly all the work is products of matrices (Bischof, Lang & Sun 2000, "A framework for symmetric
 * band reduction"). a is handed over.
 */
export async function toBand(a: Matrix, width: number, matrices: Matrices, turn = turns()): Promise<Band> {
  const n = a.rows
  const stride = width + 2
  const columns = new Float64Array(stride * n)
  let rest = a
  for (let start = 0; start < n; start += width) {
    const size = rest.rows
    const block = Math.min(width, size)
    for (let j = 0; j < block; j++)
      for (let i = j; i < block; i++) columns[(start + j) * stride + i - j] = rest.data[i * size + j]
    if (block === size) break
    const { v, t, r } = panel(rest, block)
    for (let j = 0; j < block; j++)
      for (let i = 0; i <= Math.min(j, r.rows - 1); i++)
        columns[(start + j) * stride + block + i - j] = r.data[i * block + j]
    rest = await matrices.reflect(rest, v, t)
    await turn()
  }
  return { n, width, stride, columns }
}

/**
 * Householder's QR decomposition of the rows below the first `width` of the first `width` columns: Q = 1 - v t v^T
 * (Schreiber & Van Loan 1989), r is Q^T times them.
 */
function panel({ rows, data }: Matrix, width: number): { v: Matrix; t: Matrix; r: Matrix } {
  const height = rows - width
  const columns = Array.from({ length: width }, (_, j) =>
    Float64Array.from({ length: height }, (_, i) => data[(width + i) * rows + j])
  )
  const reflectors: Float64Array[] = []
  const t = new Float64Array(width * width)
  for (let j = 0; j < width; j++) {
    const { v, beta } = reflector(columns[j], j)
    for (let k = j; k < width; k++) addTimes(columns[k], v, -beta * dot(columns[k], v))
    const projections = reflectors.map(earlier => -beta * dot(earlier, v))
    for (let i = 0; i < j; i++) {
      let sum = 0
      for (let k = i; k < j; k++) sum += t[i * width + k] * projections[k]
      t[i * width + j] = sum
    }
    t[j * width + j] = beta
    reflectors.push(v)
  }
  const v = new Float64Array(height * width)
  reflectors.forEach((each, j) => {
    for (let i = 0; i < height; i++) v[i * width + j] = each[i]
  })
  const kept = Math.min(height, width)
  const r = Float64Array.from({ length: kept * width }, (_, k) => columns[k % width][Math.floor(k / width)])
  return {
    v: { rows: height, columns: width, data: v },
    t: { rows: width, columns: width, data: t },
    r: { rows: kept, columns: width, data: r }
  }
}

/**
 * Below it an entry's square vanishes, and so does the entry itself beside those of a matrix whose largest is about 1.
 */
const VANISHING = 1e-150
const VANISHING_SQUARE = 1e-290

/** 1 - beta v v^T takes a column to one without entries below `at`. */
function reflector(column: Float64Array, at: number): { v: Float64Array; beta: number } {
  const v = new Float64Array(column.length)
  let squares = 0
  for (let i = at + 1; i < column.length; i++) squares += column[i] ** 2
  if (at >= column.length || squares < VANISHING_SQUARE) return { v, beta: 0 }
  const norm = Math.sqrt(squares + column[at] ** 2)
  v.set(column.subarray(at), at)
  v[at] += column[at] >= 0 ? norm : -norm
  return { v, beta: 2 / (squares + v[at] ** 2) }
}

/**
 * The tridiagonal matrix that a band is similar to: entry after entry is turned to zero, from the outside, and what
 * that puts outside of the band is chased down to its end (Schwarz 1968). offDiagonal[i] couples i and i + 1. The band
 * is used up, and its largest entry should be about 1.
 */
export async function toTridiagonal(
  band: Band,
  turn = turns()
): Promise<{ diagonal: Float64Array; offDiagonal: Float64Array }> {
  const { n, width, stride, columns } = band
  for (let column = 0; column + 2 < n; column++) {
    for (let d = Math.min(width, n - 1 - column); d >= 2; d--) chase(band, column, d)
    await turn()
  }
  return {
    diagonal: Float64Array.from({ length: n }, (_, i) => columns[i * stride]),
    offDiagonal: Float64Array.from({ length: n }, (_, i) => (i + 1 < n && width > 0 ? columns[i * stride + 1] : 0))
  }
}

/** Turns entry (column + d, column) to zero, and each entry that this puts outside of the band. */
function chase(band: Band, column: number, d: number): void {
  const { n, width, stride, columns } = band
  let [j, p] = [column, column + d - 1]
  for (;;) {
    const at = j * stride + p - j
    const [kept, gone] = [columns[at], columns[at + 1]]
    if (Math.abs(gone) < VANISHING) {
      columns[at + 1] = 0
      return
    }
    const norm = Math.sqrt(kept * kept + gone * gone)
    rotate(band, p, kept / norm, gone / norm, j)
    columns[at] = norm
    columns[at + 1] = 0
    if (p + 1 + width >= n) return
    j = p
    p += width
  }
}

/** Rotates rows and columns p and p + 1, but not in column `done` and those before it. */
function rotate({ n, width, stride, columns }: Band, p: number, cos: number, sin: number, done: number): void {
  const q = p + 1
  for (let k = Math.max(done + 1, q - width); k < p; k++) {
    const at = k * stride + p - k
    const x = columns[at]
    const y = columns[at + 1]
    columns[at] = cos * x + sin * y
    columns[at + 1] = cos * y - sin * x
  }
  const [atP, atQ] = [p * stride, q * stride]
  const [x, y, z] = [columns[atP], columns[atP + 1], columns[atQ]]
  columns[atP] = cos * cos * x + 2 * cos * sin * y + sin * sin * z
  columns[atQ] = sin * sin * x - 2 * cos * sin * y + cos * cos * z
  columns[atP + 1] = cos * sin * (z - x) + (cos * cos - sin * sin) * y
  const reach = Math.min(n - 1 - q, width)
  for (let d = 1; d <= reach; d++) {
    const u = columns[atP + d + 1]
    const w = columns[atQ + d]
    columns[atP + d + 1] = cos * u + sin * w
    columns[atQ + d] = cos * w - sin * u
  }
}

function addTimes(target: Float64Array, source: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i] += factor * source[i]
}

/** The dot product of two vectors, summed in four sums side by side, always in the same order. */
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
