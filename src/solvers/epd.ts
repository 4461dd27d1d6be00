import { adamsBashforth } from './ipndm.js'
import { add, combine, firstGradient, logInterpolate, march, toD } from './march.js'
import { points, type Predictor } from './predictor.js'
import type { Problem, SolverRun } from './solver.js'

export interface EpdOptions {
  readonly afs?: boolean
  readonly predictor: Predictor
  /** What takes x to the intermediate times: `euler` is EPD-Solver, `ipndm` is EPD-Plugin. */
  readonly base?: 'euler' | 'ipndm'
  /** Order of `ipndm`, 1 to 4. */
  readonly maxOrder?: number
}

/**
 * Ensemble Parallel Direction solver (arXiv 2507.14797, Eq. 9-11): from the gradient at a step's start, x goes to several
 * learned intermediate times at once, and a learned combination of the gradients there takes the step. Two NFE a step.
 */
export function epd(problem: Problem, { afs = false, predictor, base = 'euler', maxOrder = 3 }: EpdOptions): SolverRun {
  const history: Float64Array[] = []
  const order = base === 'euler' ? 1 : maxOrder
  return march(problem, function* (x, t, next, i) {
    const d = yield* firstGradient(x, t, i, afs)
    const direction = adamsBashforth(d, history, order)
    const ensemble = points(predictor, i).map(point => {
      const time = logInterpolate(t, next, point.r)
      return { ...point, time, x: add(x, time - t, direction) }
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
