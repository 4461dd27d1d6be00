import { dot } from '../solvers/march.js'

/**
 * What the loss compares of final samples in place of their pixels. samples: [count, ...shape]; answers [count, any
 * size], whose mean squared difference is the loss.
 */
export type View = (samples: Float64Array, count: number) => Promise<Float64Array>

/** States as the loss sees them at these time points. */
export type Look = (
  states: readonly Float64Array[],
  at: readonly number[],
  count: number
) => Promise<readonly Float64Array[]>

/** Sees pixels; through a view, if there is one, at the time point `final`. Each array is viewed once. */
export function lookThrough(view: View | undefined, final: number): Look {
  const known = new WeakMap<Float64Array, Promise<Float64Array>>()
  return async (states, at, count) => {
    if (!view || !at.includes(final)) return states
    const viewed = known.get(states[final]) ?? view(states[final], count)
    known.set(states[final], viewed)
    return states.with(final, await viewed)
  }
}

/** The mean over these time points of the mean squared difference to the teacher's states. */
export function meanSquare(
  states: readonly Float64Array[],
  targets: readonly Float64Array[],
  at: readonly number[]
): number {
  return mean(at, i => {
    return squaredDifference(states[i], targets[i]) / states[i].length
  })
}

/** The sum of the squared differences of two vectors, added up in order. */
export function squaredDifference(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2
  return sum
}

function mean(at: readonly number[], each: (i: number) => number): number {
  return at.reduce((sum, i) => sum + each(i), 0) / at.length
}

/**
 * The normal equations of a linear least squares problem: the mean of products of the Jacobian's columns with each
 * other, [n][n], and with the residual, [n].
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
  targets: readonly Float64Array[],
  at: readonly number[],
  probed: readonly Differenced[]
): Normal {
  const matrix = probed.map(() => probed.map(() => 0))
  const gradient = probed.map(() => 0)
  for (const i of at) {
    const share = 1 / (base[i].length * at.length)
    const residual = base[i].map((value, j) => value - targets[i][j])
    const columns = probed.map(({ states, change }) => states[i].map((value, j) => (value - base[i][j]) / change))
    columns.forEach((column, a) => {
      gradient[a] += share * dot(column, residual)
      for (let b = 0; b <= a; b++) matrix[a][b] += share * dot(column, columns[b])
    })
  }
  return { matrix: matrix.map((row, a) => row.map((_, b) => matrix[Math.max(a, b)][Math.min(a, b)])), gradient }
}

/** Half the gradient of the mean square in the probed quantities. */
export function slopes(
  base: readonly Float64Array[],
  targets: readonly Float64Array[],
  at: readonly number[],
  probed: readonly Differenced[]
): number[] {
  return probed.map(({ states, change }) =>
    mean(at, i => {
      let sum = 0
      for (let j = 0; j < base[i].length; j++) sum += (states[i][j] - base[i][j]) * (base[i][j] - targets[i][j])
      return sum / change / base[i].length
    })
  )
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
