import { firstGradient, march } from './march.js'
import type { Problem, SolverRun } from './solver.js'

/**
 * A multistep method between evaluations. It is told the gradient d at each step's start, x at time t, in order, and answers where it
 * leads from there: the state at any later time.
 */
export type Multistep = (x: Float64Array, d: Float64Array, t: number, index: number) => (time: number) => Float64Array

/** The highest order that a multistep method has. */
export function highestOrder(name: string): 3 | 4 {
  return name === 'dpmpp' || name === 'unipc' ? 3 : 4
}

/** Takes each step as the method leads: one NFE a step. */
export function multistep(problem: Problem, method: Multistep, afs: boolean): SolverRun {
  return march(problem, function* (x, t, next, i) {
    const d = yield* firstGradient(x, t, i, afs)
    return method(x, d, t, i)(next)
  })
}

/** Keeps the newest `length` of what it is given, newest first. */
export function history<T>(length: number): (newest: T) => readonly T[] {
  const kept: T[] = []
  return newest => {
    kept.unshift(newest)
    kept.length = Math.min(kept.length, length)
    return [...kept]
  }
}

/**
 * Whether the last steps are of lower order, which few steps need: falling to 1 (true), only where there are fewer than 15 steps as in
 * diffusers (below-15), or the last step alone, of order 1 (last).
 */
export type LowerOrderFinal = boolean | 'below-15' | 'last'

/** Steps from which on diffusers keeps the order. */
const MANY = 15

/** The order of a step: rising from 1 to `maxOrder` as history grows, and falling at the last of `numSteps - 1` steps if it is to. */
export function stepOrder(maxOrder: number, index: number, numSteps: number, lowerOrderFinal: LowerOrderFinal): number {
  const left = numSteps - 1 - index
  const rising = Math.min(maxOrder, index + 1)
  if (lowerOrderFinal === 'last') return left === 1 ? 1 : rising
  if (lowerOrderFinal === 'below-15') return numSteps - 1 < MANY ? Math.min(rising, left) : rising
  // While the order still rises it does not fall, as in the authors' code.
  return lowerOrderFinal && rising === maxOrder ? Math.min(maxOrder, left) : rising
}
