import { EpdError } from '../errors.js'
import type { Betas, Prediction } from './parametrisation.js'
import {
  fraction,
  named,
  positive,
  stepsOf,
  type Names,
  type SchedulerArguments,
  type Values
} from './scheduler-arguments.js'
import type { SchedulerClass } from './scheduler.js'

/** The answers of a chain's network, by the names of diffusers. */
export const PREDICTIONS = { epsilon: 'epsilon', v_prediction: 'v', sample: 'x0' } as const
/** The schedules of a chain's betas, by the names of diffusers. */
export const SCHEDULES = { linear: 'linear', scaled_linear: 'scaled-linear', squaredcos_cap_v2: 'cosine' } as const
type Schedule = Exclude<Betas, { readonly alphaBars: unknown }>['schedule']

export interface ChainOptions {
  readonly schedules?: Names<Schedule>
  readonly predictions?: Names<Prediction>
  readonly bounds?: Values
  /** Whether a chain without an end, rescale_betas_zero_snr, keeps a little of its signal at the last step. */
  readonly keepsSignal?: boolean
}

/** Schedulers of a network at the steps of a variance-preserving chain. */
export function chain(defaults: Values, options: ChainOptions = {}): SchedulerClass {
  return {
    defaults,
    bounds: options.bounds,
    read: read => ({ className: 'Stepwise', initKwargs: chainOf(read, options) })
  }
}

export function chainOf(
  read: SchedulerArguments,
  { schedules = SCHEDULES, predictions = PREDICTIONS, keepsSignal = false }: ChainOptions
): { betas: Betas; predicts: Prediction } {
  const predicts = named(read, 'prediction_type', predictions, 'epsilon')
  const zeroTerminal = read.flag('rescale_betas_zero_snr', false)
  if (zeroTerminal && predicts === 'epsilon' && !keepsSignal)
    throw new EpdError(
      'model-invalid',
      `${read.where}rescale_betas_zero_snr is true and prediction_type is "epsilon": ` +
        'where no signal is left, noise tells nothing of the image'
    )
  const shifts = read.value('snr_shift_scale') !== undefined
  return {
    predicts,
    betas: {
      ...betasOf(read, schedules),
      ...(shifts && { snrShift: positive(read, 'snr_shift_scale') }),
      ...(zeroTerminal && { zeroTerminal }),
      // Diffusers tells its networks of steps that are not whole so.
      between: 'log-sigma'
    }
  }
}

function betasOf(read: SchedulerArguments, schedules: Names<Schedule>): Betas {
  if ((read.value('trained_betas') ?? null) !== null) {
    let product = 1
    return { alphaBars: trainedBetas(read).map(beta => (product *= 1 - beta)) }
  }
  const steps = stepsOf(read)
  const schedule = named(read, 'beta_schedule', schedules, 'linear')
  if (schedule === 'cosine' || schedule === 'exponential' || schedule === 'laplace') return { schedule, steps }
  return { schedule, start: fraction(read, 'beta_start'), end: fraction(read, 'beta_end'), steps }
}

function trainedBetas(read: SchedulerArguments): readonly number[] {
  const betas = read.numbers('trained_betas')
  const strange = betas.find(beta => beta >= 1)
  if (strange === undefined && betas.length >= 2) return betas
  throw new EpdError('model-invalid', `${read.where}trained_betas must be two or more numbers between 0 and 1`)
}
