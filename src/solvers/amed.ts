import { amedForward, type AmedPoint, type AmedPredictor } from './amed-predictor.js'
import { baseMethod, type BaseName } from './base.js'
import { add, analyticalGradient, logInterpolate, march, toD, toZero, type Part } from './march.js'
import type { Problem, SolverRun } from './solver.js'

export interface AmedOptions {
  readonly afs?: boolean
  readonly predictor: AmedPredictor
  /** AMED-Plugin: the method that takes both halves of each step. Absent: AMED-Solver. */
  readonly base?: BaseName
  /** Of the base: 1 to 4, of dpmpp and unipc 1 to 3. */
  readonly maxOrder?: number
}

/**
 * AMED-Solver (Zhou et al. 2023, arXiv 2312.00094, Eq. 10 and 12): the gradient at one intermediate time takes the whole step; the time and two
 * scales are predicted for each sample from the network's bottleneck. AMED-Plugin: a base method goes to that time and on
 * to the step's end, the second half scaled. Two NFE a step, order 2 where the time is the step's middle, else 1. `problem` holds one sample, whose times are its own.
 */
export function amed(problem: Problem, { predictor, ...options }: AmedOptions): SolverRun {
  return amedSteps(problem, options, (features, t, next) => amedForward(predictor, features, t, next).point)
}

/** What decides a step's parameters. `features`: undefined in a step that afs skips. */
export type ChoosePoint = (features: Float64Array | undefined, t: number, next: number, index: number) => AmedPoint

export function amedSteps(
  problem: Problem,
  { afs = false, base, maxOrder = 3 }: Omit<AmedOptions, 'predictor'>,
  choose: ChoosePoint
): SolverRun {
  if (problem.samples !== 1) throw new RangeError('amed: one sample a run')
  const method = base && baseMethod(base, { ...problem, sigmas: halved(problem.sigmas) }, maxOrder)
  return march(problem, function* (x, t, next, i) {
    if (next === 0) return yield* toZero(x, t, i, afs)
    const { d, features } = yield* start(x, t, afs && i === 0)
    const { r, scaleDir, scaleTime } = choose(features, t, next, i)
    const middle = logInterpolate(t, next, r)
    const ahead = method ? method(x, d, t, 2 * i)(middle) : add(x, middle - t, d)
    const [{ denoised }] = yield [{ x: ahead, sigma: scaleTime * middle }]
    const dMiddle = toD(ahead, denoised, middle)
    if (!method) return add(x, scaleDir * (next - t), dMiddle)
    const end = method(ahead, dMiddle, middle, 2 * i + 1)(next)
    return add(ahead, scaleDir, add(end, -1, ahead))
  })
}

/** The gradient at a step's start with the features that come with it. */
function* start(
  x: Float64Array,
  t: number,
  skip: boolean
): Part<{ readonly d: Float64Array; readonly features?: Float64Array }> {
  if (skip) return { d: analyticalGradient(x, t) }
  const [{ denoised, features }] = yield [{ x, sigma: t, features: true }]
  return { d: toD(x, denoised, t), features }
}

/** Time points with one more in each interval, but none before 0: the steps that a base method takes. */
function halved(sigmas: Float64Array): Float64Array {
  const all = [...sigmas].flatMap((sigma, k) => {
    const next = sigmas.at(k + 1) ?? 0
    return next > 0 ? [sigma, logInterpolate(sigma, next, 0.5)] : [sigma]
  })
  return Float64Array.from(all)
}
