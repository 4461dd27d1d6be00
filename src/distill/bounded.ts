import type { Normal } from './objective.js'

export interface Box {
  /** The least and the most that each coordinate may move. */
  readonly lower: readonly number[]
  readonly upper: readonly number[]
}

/** Keeps the diagonal away from 0, relative to its largest entry. */
const FLOOR = 1e-9

/**
 * The move that a damped Gauss-Newton step makes within a box: minimises move' (A + damping D) move + 2 gradient' move,
 * where D is A's diagonal with a floor (Marquardt's scaling), so that directions without effect stay still. What meets
 * a bound is held there and the others are solved again.
 */
export function boundedMove({ matrix, gradient }: Normal, damping: number, { lower, upper }: Box): number[] {
  const size = gradient.length
  const largest = Math.max(...matrix.map((row, i) => row[i]))
  const floor = Math.max(largest * FLOOR, Number.MIN_VALUE)
  const damped = matrix.map((row, i) =>
    row.map((value, j) => (i === j ? value + damping * Math.max(value, floor) + floor : value))
  )
  const move = gradient.map(() => 0)
  let free = gradient.flatMap((slope, i) => ((slope > 0 ? lower[i] < 0 : upper[i] > 0) ? [i] : []))
  for (let held = true; held && free.length > 0;) {
    const right = free.map(i => {
      let sum = -gradient[i]
      for (let j = 0; j < size; j++) if (!free.includes(j)) sum -= damped[i][j] * move[j]
      return sum
    })
    const solved = solveSymmetric(
      free.map(i => free.map(j => damped[i][j])),
      right
    )
    free.forEach((i, k) => (move[i] = Math.min(Math.max(solved[k], lower[i]), upper[i])))
    const inside = free.filter((i, k) => move[i] === solved[k])
    held = inside.length < free.length
    free = inside
  }
  return move.map(value => value + 0)
}

/** How far the linear model expects the move to lower the mean square. */
export function predictedFall({ matrix, gradient }: Normal, move: readonly number[]): number {
  let fall = 0
  move.forEach((value, i) => {
    fall -= 2 * gradient[i] * value
    move.forEach((other, j) => (fall -= matrix[i][j] * value * other))
  })
  return fall
}

/** Solves A x = b for a symmetric positive definite A, by its Cholesky factor. */
export function solveSymmetric(a: readonly (readonly number[])[], b: readonly number[]): number[] {
  const factor = a.map(() => a.map(() => 0))
  for (let i = 0; i < a.length; i++)
    for (let j = 0; j <= i; j++) {
      let sum = a[i][j]
      for (let k = 0; k < j; k++) sum -= factor[i][k] * factor[j][k]
      factor[i][j] = i === j ? Math.sqrt(Math.max(sum, Number.EPSILON * a[i][i])) : sum / factor[j][j]
    }
  const x = [...b]
  for (let i = 0; i < x.length; i++) {
    for (let k = 0; k < i; k++) x[i] -= factor[i][k] * x[k]
    x[i] /= factor[i][i]
  }
  for (let i = x.length - 1; i >= 0; i--) {
    for (let k = i + 1; k < x.length; k++) x[i] -= factor[k][i] * x[k]
    x[i] /= factor[i][i]
  }
  return x
}
