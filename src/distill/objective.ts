import type { Trajectories } from './trajectories.js'

/** Mean squared difference to the teacher's states at these time points. */
export function meanSquare(
  states: readonly Float64Array[],
  { states: targets }: Trajectories,
  at: readonly number[]
): number {
  let sum = 0
  let count = 0
  for (const i of at) {
    const [state, target] = [states[i], targets[i]]
    for (let j = 0; j < state.length; j++) sum += (state[j] - target[j]) ** 2
    count += state.length
  }
  return sum / count
}

/**
 * The normal equations of a linear least squares problem: the mean of products of the Jacobian's columns with each other,
 * [n][n], and with the residual, [n].
 */
export interface Normal {
  readonly matrix: readonly (readonly number[])[]
  readonly gradient: readonly number[]
}

/** Forward differences: how states change, by the probes' changes. */
export interface Differenced {
  readonly states: readonly Float64Array[]
  readonly change: number
}

/** Normal equations of the differences to the teacher's states in the probed quantities. */
export function normalEquations(
  base: readonly Float64Array[],
  { states: targets }: Trajectories,
  at: readonly number[],
  probed: readonly Differenced[]
): Normal {
  const matrix = probed.map(() => probed.map(() => 0))
  const gradient = probed.map(() => 0)
  let count = 0
  for (const i of at) {
    count += base[i].length
    const residual = base[i].map((value, j) => value - targets[i][j])
    const columns = probed.map(({ states, change }) => states[i].map((value, j) => (value - base[i][j]) / change))
    columns.forEach((column, a) => {
      gradient[a] += dot(column, residual)
      for (let b = 0; b <= a; b++) matrix[a][b] += dot(column, columns[b])
    })
  }
  return {
    matrix: matrix.map((row, a) => row.map((_, b) => matrix[Math.max(a, b)][Math.min(a, b)] / count)),
    gradient: gradient.map(value => value / count)
  }
}

/** Half the gradient of the mean square in the probed quantities. */
export function slopes(
  base: readonly Float64Array[],
  { states: targets }: Trajectories,
  at: readonly number[],
  probed: readonly Differenced[]
): number[] {
  const count = at.reduce((sum, i) => sum + base[i].length, 0)
  return probed.map(({ states, change }) => {
    let sum = 0
    for (const i of at)
      for (let j = 0; j < base[i].length; j++) sum += (states[i][j] - base[i][j]) * (base[i][j] - targets[i][j])
    return sum / change / count
  })
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}

/** The normal equations in other quantities: chain[a] is how quantity a depends on each of them. */
export function chained({ matrix, gradient }: Normal, chain: readonly (readonly number[])[]): Normal {
  const half = matrix.map(row => product(row, chain))
  const columns = chain[0].map((_, c) => chain.map(row => row[c]))
  return { matrix: columns.map(column => product(column, half)), gradient: product(gradient, chain) }
}

/** A row times a matrix. */
function product(row: readonly number[], matrix: readonly (readonly number[])[]): number[] {
  return matrix[0].map((_, c) => row.reduce((sum, value, a) => sum + value * matrix[a][c], 0))
}
