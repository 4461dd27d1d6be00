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
 * The order of a step: rising from 1 to `maxOrder` as history grows and then, if `lowerOrderFinal`, falling to 1 at the last
 * of `numSteps - 1` steps.
 */
export function stepOrder(maxOrder: number, index: number, numSteps: number, lowerOrderFinal: boolean): number {
  if (index + 1 < maxOrder) return index + 1
  return lowerOrderFinal ? Math.min(maxOrder, numSteps - 1 - index) : maxOrder
}
