import { add } from './march.js'
import { multistep, type Multistep } from './multistep.js'
import type { Problem, SolverRun } from './solver.js'

export interface EulerOptions {
  readonly afs?: boolean
}

/** Euler's method, order 1; on the probability flow ODE in sigma it is DDIM (Song et al. 2021, arXiv 2010.02502). */
export function euler(problem: Problem, { afs = false }: EulerOptions = {}): SolverRun {
  return multistep(problem, eulerMethod, afs)
}

export const eulerMethod: Multistep = (x, d, t) => time => add(x, time - t, d)
