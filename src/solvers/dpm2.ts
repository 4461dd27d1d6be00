import { add, combine, firstGradient, gradient, logInterpolate, march, toZero } from './march.js'
import type { Problem, SolverRun } from './solver.js'

export interface Dpm2Options {
  readonly afs?: boolean
  /** Where the second evaluation stands between the two time points, in log sigma: 0 < r <= 1. */
  readonly r?: number
}

/** DPM-Solver-2 (Lu et al. 2022, arXiv 2206.00927) as a two-stage Runge-Kutta method in sigma, order 2. Two NFE a step, one to a noise level of 0. */
export function dpm2(problem: Problem, { afs = false, r = 0.5 }: Dpm2Options = {}): SolverRun {
  const weight = 1 / (2 * r)
  return march(problem, function* (x, t, next, i) {
    if (next === 0) return yield* toZero(x, t, i, afs)
    const d = yield* firstGradient(x, t, i, afs)
    const middle = logInterpolate(t, next, r)
    const dMiddle = yield* gradient(add(x, middle - t, d), middle)
    return add(x, next - t, combine([1 - weight, weight], [d, dMiddle]))
  })
}
