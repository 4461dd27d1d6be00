import type { Normal } from './objective.js'

/**
 * The columns of a linear problem's Jacobian, part by part of its trajectories, and its residual where they were taken.
 */
export interface Slopes {
  readonly parts: readonly (readonly Float32Array[])[]
  readonly residual: Float64Array
}

/**
 * A linear problem that every move corrects (Broyden 1965): its Jacobian J becomes J + u v', the nearest one that
 * explains how the residual changed along the move, u = change - J move. J itself stays as it was measured; what the
 * moves have shown stands beside it, as vectors.
 */
export interface Secant {
  /** J'J and J'r, as means over the residual's values. */
  readonly normal: Normal
  readonly slopes: Slopes
  /** r where the moves have led. */
  readonly residual: Float64Array
  readonly corrections: readonly Correction[]
}

interface Correction {
  readonly move: readonly number[]
  /** v: by how much of u each column of J grows. */
  readonly share: readonly number[]
  readonly before: Float64Array
  readonly after: Float64Array
}

/** The problem before any move. */
export function secantOf(normal: Normal, slopes: Slopes): Secant {
  return { normal, slopes, residual: slopes.residual, corrections: [] }
}

/** The problem once a move has led to the residual `after`; `stays`: the next move begins where this one did. */
export function corrected(problem: Secant, move: readonly number[], after: Float64Array, stays: boolean): Secant {
  const { normal, residual: before, corrections, slopes } = problem
  const share = shareOf(normal, move)
  if (!share) return problem
  const there = transposed(problem, after)
  const change = there.map((value, k) => value - normal.gradient[k])
  const expected = normal.matrix.map(row => product(row, move))
  // J'u, and the mean square of u.
  const rest = change.map((value, k) => value - expected[k])
  const square = meanProduct(after, before, after, before) - 2 * product(move, change) + product(move, expected)
  const residual = stays ? before : after
  const gradient = stays ? normal.gradient : there
  const along = meanProduct(after, before, residual) - product(move, gradient)
  return {
    normal: {
      matrix: normal.matrix.map((row, i) =>
        row.map((value, j) => value + rest[i] * share[j] + share[i] * rest[j] + square * share[i] * share[j])
      ),
      gradient: gradient.map((value, k) => value + share[k] * along)
    },
    slopes,
    residual,
    corrections: [...corrections, { move, share, before, after }]
  }
}

/** The smallest change of J in units of its columns; none where nothing moves. */
function shareOf({ matrix }: Normal, move: readonly number[]): number[] | undefined {
  const weighted = move.map((value, k) => matrix[k][k] * value)
  const square = product(weighted, move)
  return square > 0 ? weighted.map(value => value / square) : undefined
}

/** J'r of another residual, with all corrections. */
function transposed({ slopes, corrections }: Secant, r: Float64Array): readonly number[] {
  return corrections.reduce<readonly number[]>(
    (products, { move, share, before, after }) => {
      const along = meanProduct(after, before, r) - product(move, products)
      return products.map((value, k) => value + share[k] * along)
    },
    measured(slopes, r)
  )
}

/** J'r, with J as it was measured. */
function measured({ parts }: Slopes, r: Float64Array): number[] {
  const sums = parts[0].map(() => 0)
  let from = 0
  for (const columns of parts) {
    columns.forEach((column, k) => {
      let sum = 0
      for (let i = 0; i < column.length; i++) sum += column[i] * r[from + i]
      sums[k] += sum
    })
    from += columns[0].length
  }
  return sums.map(sum => sum / r.length)
}

/** The mean of the products of a difference with a vector, or with another difference. */
function meanProduct(after: Float64Array, before: Float64Array, other: Float64Array, less?: Float64Array): number {
  let sum = 0
  for (let i = 0; i < after.length; i++) sum += (after[i] - before[i]) * (less ? other[i] - less[i] : other[i])
  return sum / after.length
}

function product(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, k) => sum + value * b[k], 0)
}
