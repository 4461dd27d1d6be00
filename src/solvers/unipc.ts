import { power } from '../power.js'
import { exponentialStep, phis, predicted, zeroStep, type Prediction } from './exponential.js'
import { solveLinear } from './linear.js'
import { add, combine, firstGradient, type Part } from './march.js'
import { history, stepOrder, type LowerOrderFinal, type Multistep } from './multistep.js'
import type { Problem, SolverRun } from './solver.js'

export interface UnipcOptions {
  readonly afs?: boolean
  /** 1 to 3. */
  readonly maxOrder?: number
  /** B(h) of the paper: h (bh1) or expm1(h) (bh2). */
  readonly variant?: 'bh1' | 'bh2'
  readonly predicts?: Prediction
  /** Whether predicted data are clipped by dynamic thresholding; default: yes. */
  readonly thresholding?: boolean
  /** Whether the last steps are of lower order, which few steps need; default: yes. */
  readonly lowerOrderFinal?: LowerOrderFinal
  /** Whether the last state is corrected by an evaluation of its own; default: only where there are fewer steps than the order. */
  readonly correctLast?: boolean
}

/** A prediction and where it was made. */
interface Made {
  readonly t: number
  readonly m: Float64Array
}

/**
 * UniPC (Zhao et al. 2023, arXiv 2302.04867), multistep: a predictor of order `maxOrder`, and a corrector of one order more that
 * uses the evaluation at the predicted state, so that a step is one NFE. The last state is predicted alone, but where there are fewer steps
 * than the order it is corrected by an evaluation of its own, as in the authors' code, and with `correctLast` always. A step to a noise level of 0 is of order 1.
 */
export function* unipc(problem: Problem, options: UnipcOptions = {}): SolverRun {
  const { samples, sigmas, trajectory } = problem
  const { predicts, thresholding, variant, maxOrder, afs, correctLast } = { ...DEFAULTS, ...options }
  const predictor = unipcPredictor(problem, options)
  const made = function* (x: Float64Array, i: number): Part<Made> {
    const t = sigmas[i]
    const d = yield* firstGradient(x, t, i, afs)
    return { t, m: predicted(predicts, thresholding, samples, x, d, t) }
  }
  let { x } = problem
  let guess = x
  for (let i = 0; i + 1 < sigmas.length; i++) {
    const now = yield* made(guess, i)
    if (i > 0) x = correct(x, now, predictor.used(), predicts, variant)
    trajectory.push(x)
    guess = predictor.lead(x, now, i)(sigmas[i + 1])
  }
  if (sigmas[sigmas.length - 1] === 0 || (sigmas.length > maxOrder && !correctLast)) x = guess
  else x = correct(x, yield* made(guess, sigmas.length - 1), predictor.used(), predicts, variant)
  trajectory.push(x)
  return x
}

const DEFAULTS: Required<UnipcOptions> = {
  afs: false,
  maxOrder: 3,
  variant: 'bh2',
  predicts: 'data',
  thresholding: true,
  lowerOrderFinal: true,
  correctLast: false
}

/** The predictor alone, as a multistep method. */
export function unipcMethod(problem: Problem, options: UnipcOptions): Multistep {
  const { predicts, thresholding } = { ...DEFAULTS, ...options }
  const { lead } = unipcPredictor(problem, options)
  return (x, d, t, index) => lead(x, { t, m: predicted(predicts, thresholding, problem.samples, x, d, t) }, index)
}

function unipcPredictor({ sigmas }: Problem, options: UnipcOptions) {
  const { maxOrder, predicts, variant, lowerOrderFinal } = { ...DEFAULTS, ...options }
  const remember = history<Made>(maxOrder)
  let used: readonly Made[] = []
  return {
    /** What the last step was predicted from, newest first. */
    used: () => used,
    lead: (x: Float64Array, now: Made, index: number) => {
      used = remember(now).slice(0, stepOrder(maxOrder, index, sigmas.length, lowerOrderFinal))
      const made = used
      return (next: number) =>
        next === 0 ? zeroStep(predicts, x, now.m, now.t) : step(x, next, made, undefined, predicts, variant)
    }
  }
}

function correct(x: Float64Array, now: Made, used: readonly Made[], predicts: Prediction, variant: 'bh1' | 'bh2') {
  return step(x, now.t, used, now.m, predicts, variant)
}

/** From the newest of `used` to `next`; with the prediction there, too, it is the corrector (the paper's Eq. 3 and 9). */
function step(
  x: Float64Array,
  next: number,
  used: readonly Made[],
  ahead: Float64Array | undefined,
  predicts: Prediction,
  variant: 'bh1' | 'bh2'
): Float64Array {
  const [{ t, m }, ...earlier] = used
  const { keep, scale, h } = exponentialStep(predicts, t, next)
  const base = variant === 'bh1' ? h : Math.expm1(h)
  const places = earlier.map(each => Math.log(t / each.t) / Math.log(t / next))
  const differences: Float64Array[] = earlier.map((each, k) => add(each.m, -1, m).map(value => value / places[k]))
  if (ahead) {
    places.push(1)
    differences.push(add(ahead, -1, m))
  }
  const [first] = phis(h, 1)
  const weights = combination(places, h, base)
  const integral = combine([first, ...weights.map(weight => base * weight)], [m, ...differences])
  return add(
    x.map(value => keep * value),
    -scale,
    integral
  )
}

/** The weights of the differences, from the conditions that make the integral exact for polynomials. One has weight 1/2. */
function combination(places: readonly number[], h: number, base: number): number[] {
  if (places.length === 0) return []
  if (places.length === 1) return [0.5]
  const f = phis(h, places.length + 1)
  let factorial = 1
  const right = places.map((_, k) => {
    factorial *= k + 1
    return (f[k + 1] * factorial) / base
  })
  return solveLinear(
    places.map((_, k) => places.map(place => power(place, k))),
    right
  )
}
