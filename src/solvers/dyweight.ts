import type { OptionsOf, OptionSchemas, SolverDescriptor } from './descriptor.js'
import { add, analyticalGradient, combine, march, toZero } from './march.js'
import { AFS } from './option-parts.js'
import { positive } from './schedule.js'
import type { Problem, SolverRun } from './solver.js'

const OPTIONS = { afs: AFS } as const satisfies OptionSchemas

/** The options of DyWeight. */
export type DyweightOptions = OptionsOf<typeof OPTIONS>

/** What DyWeight has learned on its time points. */
export interface DyweightPredictor {
  /** [steps][steps]: in row i the weights of the gradients 0 to i in step i, and 0 after them. */
  readonly weights: readonly (readonly number[])[]
  /**
   * What each evaluation's time is multiplied by before the model is told: one a step, with `afs` none for the first.
   */
  readonly timeScales: readonly number[]
}

/** What DyWeight is given beside its options. */
export type DyweightLearned = { readonly predictor: DyweightPredictor }

/** What the authors' code adds to the time that gradients are divided by. */
const EPSILON = 1e-8

/**
 * DyWeight (Zhao et al. 2026, arXiv 2603.11607): a multistep method with learned weights of all earlier gradients,
 * which need not add up to 1. Its sum of weights moves a clock of its own, at which the next gradient is taken; the
 * model is told the magnitude of the clock times a learned scale. The clock may end elsewhere than the schedule, even
 * below 0.
 */
export const dyweight: SolverDescriptor<'dyweight', DyweightOptions, 'weights', DyweightLearned> = {
  name: 'dyweight',
  title:
    'DyWeight: learned weights of all earlier gradients and learned times, as an import brings them: one evaluation a step.',
  options: OPTIONS,
  evaluationsAStep: 1,
  reachesZero: true,
  learns: 'weights',
  onlyImported: true,
  checkTimePoints,
  start
}

function checkTimePoints({ afs, predictor }: DyweightOptions & DyweightLearned, sigmas: Float64Array): void {
  const steps = positive(sigmas).length - 1
  if (predictor.weights.length !== steps)
    throw new RangeError(
      `solve: the predictor has ${predictor.weights.length} steps; it needs ${predictor.weights.length + 1} time points above 0`
    )
  checkDyweight(predictor, steps, afs)
}

/**
 * What DyWeight has learned, checked.
 * @param steps between two time points above 0
 * @throws RangeError for sizes that do not fit, weights of gradients that are yet to come, and numbers that are not
 *   finite
 */
export function checkDyweight(predictor: DyweightPredictor, steps: number, afs: boolean): DyweightPredictor {
  const { weights, timeScales } = predictor
  if (weights.length !== steps || weights.some(row => row.length !== steps))
    throw new RangeError(`weights must have ${steps} rows of ${steps} numbers, one for each of its steps`)
  if (weights.some((row, i) => row.some((weight, j) => j > i && weight !== 0)))
    throw new RangeError('weights must be 0 above the diagonal: a step has no gradient of a later one')
  const scales = afs ? steps - 1 : steps
  if (timeScales.length !== scales)
    throw new RangeError(`timeScales must hold ${scales} numbers, one for each evaluation, found ${timeScales.length}`)
  if (![...weights.flat(), ...timeScales].every(Number.isFinite))
    throw new RangeError('weights and timeScales must be finite numbers')
  return { weights, timeScales }
}

function* start(problem: Problem, { afs, predictor }: DyweightOptions & DyweightLearned): SolverRun {
  const gradients: Float64Array[] = []
  let clock = problem.sigmas[0]
  return yield* march(problem, function* (x, t, next, i) {
    if (next === 0) return yield* toZero(x, t, i, false)
    if (afs && i === 0) gradients.push(analyticalGradient(x, clock))
    else {
      const scale = predictor.timeScales[afs ? i - 1 : i]
      const [{ denoised }] = yield [{ x, sigma: Math.abs(scale * clock) }]
      gradients.push(x.map((value, k) => (value - denoised[k]) / (clock + EPSILON)))
    }
    const weights = predictor.weights[i].slice(0, i + 1)
    const step = next - clock
    clock += step * weights.reduce((sum, weight) => sum + weight, 0)
    return add(x, step, combine(weights, gradients))
  })
}
