import { dot } from '../solvers/march.js'
import { solveSymmetric } from './bounded.js'
import type { Normal } from './objective.js'

/** Sums of products of columns with each other and with a residual, and of the residual with itself. */
export interface Sums {
  readonly matrix: Float64Array[]
  readonly gradient: Float64Array
  square: number
  values: number
}

export function emptySums(size: number): Sums {
  return {
    matrix: Array.from({ length: size }, () => new Float64Array(size)),
    gradient: new Float64Array(size),
    square: 0,
    values: 0
  }
}

/** Adds the products of some values of each column. */
export function addProducts(sums: Sums, columns: readonly Float64Array[], residual: Float64Array): void {
  columns.forEach((column, a) => {
    sums.gradient[a] += dot(column, residual)
    for (let b = 0; b <= a; b++) sums.matrix[a][b] += dot(column, columns[b])
  })
  sums.square += dot(residual, residual)
  sums.values += residual.length
}

export function normalOf({ matrix, gradient, values }: Sums): Normal {
  return {
    matrix: matrix.map((row, a) => Array.from(row, (_, b) => matrix[Math.max(a, b)][Math.min(a, b)] / values)),
    gradient: Array.from(gradient, value => value / values)
  }
}

/** Keeps columns that hardly differ apart, relative to the largest. */
const RELATIVE_FLOOR = 1e-10

/** What is to be added of each column so that least is left of the residual. */
export function bestShares(sums: Sums): number[] {
  const { matrix, gradient } = normalOf(sums)
  return solveSymmetric(
    floored(matrix),
    gradient.map(value => -value)
  )
}

function floored(matrix: Normal['matrix']): number[][] {
  const floor = RELATIVE_FLOOR * Math.max(...matrix.map((row, i) => row[i]))
  return matrix.map((row, i) => row.map((value, j) => (i === j ? value + floor : value)))
}

/** The mean square that is left with such shares. */
export function lossAt(sums: Sums, shares: readonly number[]): number {
  const { matrix, gradient } = normalOf(sums)
  const left = shares.reduce(
    (sum, share, a) =>
      sum + 2 * share * gradient[a] + shares.reduce((row, other, b) => row + share * other * matrix[a][b], 0),
    sums.square / sums.values
  )
  return Math.max(left, 0)
}

/**
 * The linear problem in its first `count` quantities, the others being whatever is best for them: what variable
 * projection (Golub & Pereyra 1973) leaves of it.
 */
export function eliminated({ matrix, gradient }: Normal, count: number): Normal {
  const rest = gradient.length - count
  if (rest === 0) return { matrix, gradient }
  const block = floored(matrix.slice(count).map(row => row.slice(count)))
  const solved = [
    ...Array.from({ length: count }, (_, k) => matrix.slice(count).map(row => row[k])),
    gradient.slice(count)
  ].map(column => solveSymmetric(block, column))
  const share = (row: readonly number[], by: readonly number[]) =>
    by.reduce((sum, value, k) => sum + row[count + k] * value, 0)
  return {
    matrix: matrix.slice(0, count).map(row => Array.from({ length: count }, (_, k) => row[k] - share(row, solved[k]))),
    gradient: gradient.slice(0, count).map((value, i) => value - share(matrix[i], solved[count]))
  }
}
