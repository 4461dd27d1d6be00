import { add, toDenoised } from './march.js'
import { multistep, type Multistep } from './multistep.js'
import type { Problem, SolverRun } from './solver.js'

export interface EulerOptions {
  readonly afs?: boolean
  /**
   * The denoised data are clamped to [-clipSample, clipSample] and the gradient is not: DDIM as diffusers has it with clip_sample.
   * Default: nothing is clamped.
   */
  readonly clipSample?: number
}

/** Euler's method, order 1; on the probability flow ODE in sigma it is DDIM (Song et al. 2021, arXiv 2010.02502). */
export function euler(problem: Problem, { afs = false, clipSample }: EulerOptions = {}): SolverRun {
  return multistep(problem, clipSample === undefined ? eulerMethod : clippingMethod(clipSample), afs)
}

export const eulerMethod: Multistep = (x, d, t) => time => add(x, time - t, d)

function clippingMethod(limit: number): Multistep {
  return (x, d, t) => {
    const clamped = toDenoised(x, d, t).map(value => Math.min(Math.max(value, -limit), limit))
    return time => add(clamped, time, d)
  }
}
