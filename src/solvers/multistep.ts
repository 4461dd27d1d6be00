import { firstGradient, march } from './march.js'
import type { Problem, SolverRun } from './solver.js'

/**
 * Where a multistep method stands at a step's start: x at time t = sigmas[index], and the gradient d = dx/dsigma there.
 */
export interface StepStart {
  readonly x: Float64Array
  readonly d: Float64Array
  readonly t: number
  readonly index: number
}

/** A step that is ready to be taken. */
export interface Led<State> {
  /** The state of the method for the next step. */
  readonly state: State
  /** The solution at any later time, by this step. */
  readonly lead: (time: number) => Float64Array
}

/** A multistep method between evaluations: plain functions of a state, which holds what earlier steps have left. */
export interface Multistep<State = unknown> {
  readonly init: State
  /** Both arguments stay as they are. */
  step(state: State, start: StepStart): Led<State>
}

/** Takes each step as the method leads: one NFE a step. */
export function* multistep<State>(problem: Problem, method: Multistep<State>, afs: boolean): SolverRun {
  let state = method.init
  return yield* march(problem, function* (x, t, next, index) {
    const d = yield* firstGradient(x, t, index, afs)
    const step = method.step(state, { x, d, t, index })
    state = step.state
    return step.lead(next)
  })
}

/** The newest `length` of what is kept, newest first. */
export function remembered<T>(newest: T, kept: readonly T[], length: number): readonly T[] {
  return [newest, ...kept].slice(0, length)
}

/**
 * Whether the last steps are of lower order, which few steps need: falling to 1 (true), only where there are fewer than
 * 15 steps as in diffusers (below-15), or the last step alone, of order 1 (last).
 */
export type LowerOrderFinal = boolean | 'below-15' | 'last'

/** Steps from which on diffusers keeps the order. */
const MANY = 15

/**
 * The order of a step: rising from 1 to `maxOrder` as history grows, and falling at the last of `numSteps - 1` steps if
 * it is to.
 */
export function stepOrder(maxOrder: number, index: number, numSteps: number, lowerOrderFinal: LowerOrderFinal): number {
  const left = numSteps - 1 - index
  const rising = Math.min(maxOrder, index + 1)
  if (lowerOrderFinal === 'last') return left === 1 ? 1 : rising
  if (lowerOrderFinal === 'below-15') return numSteps - 1 < MANY ? Math.min(rising, left) : rising
  // While the order still rises it does not fall, as in the authors' code.
  return lowerOrderFinal && rising === maxOrder ? Math.min(maxOrder, left) : rising
}
