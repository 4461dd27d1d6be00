import { add, combine, firstGradient, gradient, march, toZero } from './march.js'
import type { Problem, SolverRun } from './solver.js'

export interface HeunOptions {
  readonly afs?: boolean
}

/** Heun's method (trapezoidal rule), order 2: the sampler of EDM (Karras et al. 2022, Algorithm 1). Two NFE a step, one to a noise level of 0. */
export function heun(problem: Problem, { afs = false }: HeunOptions = {}): SolverRun {
  return march(problem, function* (x, t, next, i) {
    if (next === 0) return yield* toZero(x, t, i, afs)
    const d = yield* firstGradient(x, t, i, afs)
    const ahead = yield* gradient(add(x, next - t, d), next)
    return add(x, next - t, combine([0.5, 0.5], [d, ahead]))
  })
}
