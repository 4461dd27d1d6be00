import { amedForward, type AmedPoint, type AmedPredictor } from './amed-predictor.js'
import { baseMethod } from './base.js'
import type { Options, OptionsOf, OptionSchemas, SolverDescriptor } from './descriptor.js'
import { add, analyticalGradient, logInterpolate, march, toD, toZero, type Part } from './march.js'
import { BASE_NAMES } from './methods.js'
import { fits } from './option-values.js'
import { AFS, BASE_ORDER, BASE_THRESHOLDING, SCALE } from './option-parts.js'
import type { Problem, SolverRun } from './solver.js'

const OPTIONS = {
  afs: AFS,
  scaleDir: {
    ...SCALE,
    description: "How far a direction's scale may be predicted away from 1, either way.",
    default: 0.01
  },
  scaleTime: {
    ...SCALE,
    description: "How far the second evaluation's time may be scaled away from itself, either way.",
    default: 0
  },
  base: {
    description:
      'The method that AMED-Plugin takes both halves of each step with; unipc by its predictor. Without one it is AMED-Solver.',
    enum: BASE_NAMES
  },
  maxOrder: { ...BASE_ORDER, description: 'Order of the base, 1 to 4, of dpmpp and unipc 1 to 3.' },
  thresholding: BASE_THRESHOLDING
} as const satisfies OptionSchemas

/** The options of AMED-Solver and AMED-Plugin. */
export type AmedOptions = OptionsOf<typeof OPTIONS>

/** What AMED is given beside its options. */
export type AmedLearned = { readonly predictor: AmedPredictor }

/** AMED as a student: all but the network, which is to be found. */
export type AmedStudent = Partial<Pick<AmedOptions, 'afs' | 'base' | 'maxOrder' | 'thresholding'>> & {
  readonly name: 'amed'
  readonly ranges: AmedPredictor['ranges']
}

/** @throws RangeError for options that are not as the schemas say */
export function amedStudent(options: Options): AmedStudent {
  if (!fits(OPTIONS, options)) throw new RangeError('amed: has options that it cannot have')
  const { scaleDir, scaleTime } = options
  return { ...options, name: 'amed', ranges: { scaleDir, scaleTime } }
}

/**
 * AMED-Solver (Zhou et al. 2023, arXiv 2312.00094, Eq. 10 and 12): the gradient at one intermediate time takes the
 * whole step; the time and two scales are predicted for each sample from the network's bottleneck. AMED-Plugin: a base
 * method goes to that time and on to the step's end, the second half scaled. Two NFE a step, order 2 where the time is
 * the step's middle, else 1. A problem holds one sample, whose times are its own.
 */
export const amed: SolverDescriptor<'amed', AmedOptions, 'network', AmedLearned> = {
  name: 'amed',
  title:
    'AMED-Solver: two evaluations a step, the second where a small network says for each sample, from the bottleneck of the U-Net; with a base, AMED-Plugin.',
  options: OPTIONS,
  order: 2,
  evaluationsAStep: 2,
  reachesZero: true,
  learns: 'network',
  nonlinear: () => 'its times depend on what the network of AMED sees of each sample',
  oneByOne: true,
  needsFeatures: true,
  start: (problem, { predictor, ...options }) =>
    amedSteps(problem, options, (features, t, next) => amedForward(predictor, features, t, next).point)
}

/** What decides a step's parameters. `features`: undefined in a step that afs skips. */
export type ChoosePoint = (features: Float64Array | undefined, t: number, next: number, index: number) => AmedPoint

/** AMED's steps with whatever parameters are chosen. */
export function amedSteps(
  problem: Problem,
  {
    afs = AFS.default,
    base,
    maxOrder = BASE_ORDER.default,
    thresholding
  }: Partial<Pick<AmedOptions, 'afs' | 'base' | 'maxOrder' | 'thresholding'>>,
  choose: ChoosePoint
): SolverRun {
  if (problem.samples !== 1) throw new RangeError('amed: one sample a run')
  const method = base && baseMethod({ ...problem, sigmas: halved(problem.sigmas) }, { base, maxOrder, thresholding })
  let state = method?.init
  return march(problem, function* (x, t, next, i) {
    if (next === 0) return yield* toZero(x, t, i, afs)
    const { d, features } = yield* startOf(x, t, afs && i === 0)
    const { r, scaleDir, scaleTime } = choose(features, t, next, i)
    const middle = logInterpolate(t, next, r)
    const first = method?.step(state, { x, d, t, index: 2 * i })
    const ahead = first ? first.lead(middle) : add(x, middle - t, d)
    const [{ denoised }] = yield [{ x: ahead, sigma: scaleTime * middle }]
    const dMiddle = toD(ahead, denoised, middle)
    if (!method || !first) return add(x, scaleDir * (next - t), dMiddle)
    const second = method.step(first.state, { x: ahead, d: dMiddle, t: middle, index: 2 * i + 1 })
    state = second.state
    return add(ahead, scaleDir, add(second.lead(next), -1, ahead))
  })
}

/** The gradient at a step's start with the features that come with it. */
function* startOf(
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
