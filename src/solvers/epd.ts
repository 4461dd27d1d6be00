import { add, combine, firstGradient, logInterpolate, march, toD, toZero } from './march.js'
import { baseMethod, type BaseName } from './base.js'
import { points, type Predictor } from './predictor.js'
import type { Problem, SolverRun } from './solver.js'

export interface EpdOptions {
  readonly afs?: boolean
  readonly predictor: Predictor
  /** What takes x to the intermediate times: `euler` is EPD-Solver, `ipndm` the paper's EPD-Plugin. */
  readonly base?: BaseName
  /** Of a base other than euler: 1 to 4, of dpmpp and unipc 1 to 3. */
  readonly maxOrder?: number
}

/**
 * Ensemble Parallel Direction solver (arXiv 2507.14797, Eq. 9-11): from the gradient at a step's start, x goes to several
 * learned intermediate times at once, and a learned combination of the gradients there takes the step. Two NFE a step, one to a noise level of 0. Order 2 where
 * the times' weighted mean is the step's middle, else 1: it is made for few steps.
 */
export function epd(problem: Problem, { afs = false, predictor, base = 'euler', maxOrder = 3 }: EpdOptions): SolverRun {
  const method = baseMethod(base, problem, maxOrder)
  return march(problem, function* (x, t, next, i) {
    if (next === 0) return yield* toZero(x, t, i, afs)
    const d = yield* firstGradient(x, t, i, afs)
    const lead = method(x, d, t, i)
    const ensemble = points(predictor, i).map(point => {
      const time = logInterpolate(t, next, point.r)
      return { ...point, time, x: lead(time) }
    })
    const evaluated = yield ensemble.map(point => ({ x: point.x, sigma: point.scaleTime * point.time }))
    return add(
      x,
      next - t,
      combine(
        ensemble.map(point => point.weight * point.scaleDir),
        ensemble.map((point, k) => toD(point.x, evaluated[k].denoised, point.time))
      )
    )
  })
}
