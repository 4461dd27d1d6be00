import { add, combine } from './march.js'
import { exponentialStep, phis, predicted, zeroStep, type Prediction } from './exponential.js'
import { history, multistep, stepOrder, type LowerOrderFinal, type Multistep } from './multistep.js'
import type { Problem, SolverRun } from './solver.js'

export interface DpmppOptions {
  readonly afs?: boolean
  /** 1 to 3. */
  readonly maxOrder?: number
  readonly predicts?: Prediction
  /** Whether predicted data are clipped by dynamic thresholding; default: yes. */
  readonly thresholding?: boolean
  /** Whether the last steps are of lower order, which few steps need; default: yes. */
  readonly lowerOrderFinal?: LowerOrderFinal
  /** The rule of order 2 (Lu et al. 2022, Algorithm 2, or its variant in the authors' code); default: midpoint. */
  readonly solverType?: 'midpoint' | 'heun'
}

/**
 * DPM-Solver++ (Lu et al. 2022, arXiv 2211.01095), multistep: DPM-Solver++(3M) at its default order. Order `maxOrder`, but 2 at 3: the
 * second difference has half the weight that order 3 asks for, as it has in the authors' code and in the tables that compare with it.
 */
export function dpmpp(problem: Problem, options: DpmppOptions = {}): SolverRun {
  return multistep(problem, dpmppMethod(problem, options), options.afs ?? false)
}

export function dpmppMethod({ sigmas, samples }: Problem, options: DpmppOptions): Multistep {
  const {
    maxOrder = 3,
    predicts = 'data',
    thresholding = true,
    lowerOrderFinal = true,
    solverType = 'midpoint'
  } = options
  const remember = history<{ readonly t: number; readonly m: Float64Array }>(maxOrder)
  return (x, d, t, index) => {
    const last = remember({ t, m: predicted(predicts, thresholding, samples, x, d, t) })
    const order = stepOrder(maxOrder, index, sigmas.length, lowerOrderFinal)
    return next => {
      if (next === 0) return zeroStep(predicts, x, last[0].m, t)
      const { keep, scale, h } = exponentialStep(predicts, t, next)
      const weights = coefficients(
        h,
        last.slice(0, order).map(each => Math.log(each.t / t) / Math.log(t / next)),
        solverType
      )
      const integral = combine(
        weights,
        last.slice(0, order).map(({ m }) => m)
      )
      return add(
        x.map(value => keep * value),
        -scale,
        integral
      )
    }
  }
}

/** Of the last predictions, newest first, in the integral over a step; `back`: how far each lies behind it, in steps of lambda. */
function coefficients(
  h: number,
  [, one, two]: readonly (number | undefined)[],
  solverType: 'midpoint' | 'heun'
): number[] {
  const [f1, f2, f3] = phis(h, 3)
  if (one === undefined) return [f1]
  if (two === undefined) {
    const slope = (solverType === 'heun' ? f2 : f1 / 2) / one
    return [f1 + slope, -slope]
  }
  const [newer, older] = [
    [1 / one, -1 / one, 0],
    [0, 1 / (two - one), -1 / (two - one)]
  ]
  return newer.map((slope, j) => {
    const bend = (slope - older[j]) / two
    return (j === 0 ? f1 : 0) + f2 * (slope + one * bend) + f3 * bend
  })
}
