import type { MethodProblem, OptionsOf, OptionSchemas, SolverDescriptor } from './descriptor.js'
import { exponentialStep, phis, predicted, zeroStep, type Made, type Prediction } from './exponential.js'
import { power } from '../power.js'
import { solveLinear } from './linear.js'
import { add, combine, firstGradient, type Part } from './march.js'
import { remembered, stepOrder, type Led, type Multistep } from './multistep.js'
import { AFS, CLIPS, LOWER_ORDER_FINAL, maxOrder, PREDICTS, THRESHOLDING } from './option-parts.js'
import type { Problem, SolverRun } from './solver.js'

const OPTIONS = {
  afs: AFS,
  maxOrder: maxOrder(3),
  predicts: PREDICTS,
  thresholding: THRESHOLDING,
  lowerOrderFinal: { ...LOWER_ORDER_FINAL, default: true },
  variant: {
    description: 'B(h): h (bh1) or exp(h) - 1 (bh2).',
    enum: ['bh1', 'bh2'],
    default: 'bh2'
  },
  correctLast: {
    description:
      'Whether the last state is corrected by an evaluation of its own, one more in nfe, as diffusers does where the last noise level stands twice (use_karras_sigmas without a final 0). Default: only where there are fewer steps than the order.',
    type: 'boolean',
    implied: false
  }
} as const satisfies OptionSchemas

/** The options of UniPC. */
export type UnipcOptions = OptionsOf<typeof OPTIONS>

/**
 * UniPC (Zhao et al. 2023, arXiv 2302.04867), multistep: a predictor of order `maxOrder`, and a corrector of one order
 * more that uses the evaluation at the predicted state, so that a step is one NFE. The last state is predicted alone,
 * but where there are fewer steps than the order it is corrected by an evaluation of its own, as in the authors' code,
 * and with `correctLast` always. A step to a noise level of 0 is of order 1. Other solvers are plugged into the
 * predictor alone.
 */
export const unipc: SolverDescriptor<'unipc', UnipcOptions, 'time-points'> = {
  name: 'unipc',
  title: 'UniPC, multistep: a predictor and a corrector that share one evaluation a step.',
  options: OPTIONS,
  order: 4,
  evaluationsAStep: 1,
  reachesZero: true,
  learns: 'time-points',
  nonlinear: ({ predicts, thresholding }) => (predicts === 'data' && thresholding ? CLIPS : undefined),
  nfeNote: '; one more where N is no more than maxOrder',
  // The evaluation before a step to 0 corrects the state there, which is the last one above 0.
  correctsLast: (options, numSteps, zero) => zero || correctsEnd(options, numSteps),
  method: predictor,
  start
}

function predictor(problem: MethodProblem, options: UnipcOptions): Multistep<readonly Made[]> {
  return {
    init: [],
    step: (earlier, { x, d, t, index }) =>
      predict(problem, options, earlier, x, madeOf(problem, options, x, d, t), index)
  }
}

function correctsEnd({ maxOrder, correctLast }: UnipcOptions, numSteps: number): boolean {
  return numSteps <= maxOrder || correctLast
}

function* start(problem: Problem, options: UnipcOptions): SolverRun {
  const { sigmas } = problem
  const { predicts, variant, afs } = options
  const last = sigmas.length - 1
  const made = function* (x: Float64Array, i: number): Part<Made> {
    return madeOf(problem, options, x, yield* firstGradient(x, sigmas[i], i, afs), sigmas[i])
  }
  let { x } = problem
  let guess = x
  let before: Predicted = { state: [], used: [], lead: () => x }
  for (let i = 0; i < last; i++) {
    const now = yield* made(guess, i)
    if (i > 0) x = correct(x, now, before.used, predicts, variant)
    yield { reached: x }
    before = predict(problem, options, before.state, x, now, i)
    guess = before.lead(sigmas[i + 1])
  }
  if (sigmas[last] === 0 || !correctsEnd(options, sigmas.length)) x = guess
  else x = correct(x, yield* made(guess, last), before.used, predicts, variant)
  yield { reached: x }
  return x
}

function madeOf(problem: MethodProblem, options: UnipcOptions, x: Float64Array, d: Float64Array, t: number): Made {
  return { t, m: predicted(options.predicts, options.thresholding, problem.samples, x, d, t) }
}

/** A step by the predictor. */
interface Predicted extends Led<readonly Made[]> {
  /** What the step is predicted from, newest first. */
  readonly used: readonly Made[]
}

function predict(
  { sigmas }: MethodProblem,
  { maxOrder, predicts, variant, lowerOrderFinal }: UnipcOptions,
  earlier: readonly Made[],
  x: Float64Array,
  now: Made,
  index: number
): Predicted {
  const state = remembered(now, earlier, maxOrder)
  const used = state.slice(0, stepOrder(maxOrder, index, sigmas.length, lowerOrderFinal))
  return {
    state,
    used,
    lead: next => (next === 0 ? zeroStep(predicts, x, now.m, now.t) : step(x, next, used, undefined, predicts, variant))
  }
}

function correct(x: Float64Array, now: Made, used: readonly Made[], predicts: Prediction, variant: 'bh1' | 'bh2') {
  return step(x, now.t, used, now.m, predicts, variant)
}

/**
 * From the newest of `used` to `next`; with the prediction there, too, it is the corrector (the paper's Eq. 3 and 9).
 */
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

/**
 * The weights of the differences, from the conditions that make the integral exact for polynomials. One has weight 1/2.
 */
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
