import { add, firstGradient, march } from './march.js'
import type { Problem, SolverRun } from './solver.js'

export interface EulerOptions {
  readonly afs?: boolean
}

/** Euler's method, order 1; on the probability flow ODE in sigma it is DDIM (Song et al. 2021, arXiv 2010.02502). */
export function euler(problem: Problem, { afs = false }: EulerOptions = {}): SolverRun {
  return march(problem, function* (x, t, next, i) {
    const d = yield* firstGradient(x, t, i, afs)
    return add(x, next - t, d)
  })
}
