import { baseMethod, nonlinearBase } from './base.js'
import { COORDINATES } from './coordinates.js'
import type { Options, OptionsOf, OptionSchemas, SolverDescriptor } from './descriptor.js'
import { add, combine, firstGradient, logInterpolate, march, toD, toZero } from './march.js'
import { BASE_NAMES, SIMPLEST_BASE } from './methods.js'
import { fits } from './option-values.js'
import { AFS, PLUGGED, SCALE } from './option-parts.js'
import { points, type Predictor } from './predictor.js'
import type { Problem, SolverRun } from './solver.js'

const OPTIONS = {
  afs: AFS,
  coordinates: COORDINATES,
  points: {
    description: 'Points evaluated at once in each step (K in the paper).',
    type: 'integer',
    minimum: 1,
    maximum: 64,
    default: 2
  },
  scaleDir: {
    ...SCALE,
    description: "How far a direction's scale may be learned away from 1, either way.",
    default: 0.05
  },
  scaleTime: {
    ...SCALE,
    description: "How far a point's time may be scaled away from itself, either way, where the model is evaluated.",
    default: 0.05
  },
  base: {
    description:
      "What leads to the intermediate points: euler is EPD-Solver, ipndm the paper's EPD-Plugin; unipc leads by its predictor.",
    enum: BASE_NAMES,
    default: SIMPLEST_BASE
  },
  ...PLUGGED
} as const satisfies OptionSchemas

/** The options of EPD-Solver and EPD-Plugin. */
export type EpdOptions = OptionsOf<typeof OPTIONS>

/** What EPD is given beside its options. */
export type EpdLearned = { readonly predictor: Predictor }

/** EPD as a student: all but the predictor, which is to be found. */
export type EpdStudent = Partial<Pick<EpdOptions, 'afs' | 'coordinates' | 'base' | 'maxOrder' | 'thresholding'>> & {
  readonly name: 'epd'
  /** Parallel evaluations in each step (K in the paper), 1 or more. */
  readonly points: number
  readonly ranges: Predictor['ranges']
}

/** @throws RangeError for options that are not as the schemas say */
export function epdStudent(options: Options): EpdStudent {
  if (!fits(OPTIONS, options)) throw new RangeError('epd: has options that it cannot have')
  const { scaleDir, scaleTime } = options
  return { ...options, name: 'epd', ranges: { scaleDir, scaleTime } }
}

/**
 * Ensemble Parallel Direction solver (arXiv 2507.14797, Eq. 9-11): from the gradient at a step's start, x goes to
 * several learned intermediate times at once, and a learned combination of the gradients there takes the step. Two NFE
 * a step, one to a noise level of 0. Order 2 where the times' weighted mean is the step's middle, else 1: it is made
 * for few steps.
 */
export const epd: SolverDescriptor<'epd', EpdOptions, 'points', EpdLearned> = {
  name: 'epd',
  title:
    'Ensemble Parallel Direction solver: two parallel evaluations a step, the second at several learned points at once.',
  options: OPTIONS,
  order: 2,
  evaluationsAStep: 2,
  reachesZero: true,
  learns: 'points',
  nonlinear: nonlinearBase,
  layers: ({ points }, { nfe, numSteps, zero }) => {
    const steps = Array.from({ length: numSteps - (zero ? 2 : 1) }, () => [1, points]).flat()
    // With afs the first evaluation is saved.
    return (zero ? [...steps, 1] : steps).slice(-nfe)
  },
  checkTimePoints,
  start
}

function checkTimePoints({ predictor }: EpdLearned, sigmas: Float64Array): void {
  const { r, sigmas: learned } = predictor
  const last = sigmas.length - 1
  const positive = sigmas[last] === 0 ? last : sigmas.length
  if (r.length !== positive - 1)
    throw new RangeError(
      `solve: the predictor has ${r.length} steps, ${positive} time points${positive === last ? ' above 0' : ''} need ${positive - 1}`
    )
  if (learned?.some((sigma, i) => sigma !== sigmas[i]))
    throw new RangeError('solve: the predictor has time points of its own; give its sigmas')
}

function* start(problem: Problem, { afs, predictor, ...options }: EpdOptions & EpdLearned): SolverRun {
  const method = baseMethod(problem, options)
  let state = method.init
  return yield* march(problem, function* (x, t, next, i) {
    if (next === 0) return yield* toZero(x, t, i, afs)
    const d = yield* firstGradient(x, t, i, afs)
    const { state: ahead, lead } = method.step(state, { x, d, t, index: i })
    state = ahead
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
