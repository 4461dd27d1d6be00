import { power } from '../power.js'
import { EpdError } from '../errors.js'
import { shown } from '../networks/arguments.js'
import { parametrisation, type Prediction } from './parametrisation.js'
import { fraction, named, positive, stepsOf, type SchedulerArguments, type Values } from './scheduler-arguments.js'
import { chain, chainOf, PREDICTIONS, type ChainOptions } from './scheduler-chains.js'
import type { Scheduled, SchedulerClass } from './scheduler.js'

/**
 * Schedulers of a flow's network, which is told t times the number of steps. They do not read prediction_type, which
 * says epsilon where a scheduler was made of a chain's.
 */
export function flow(defaults: Values): SchedulerClass {
  const answers = { flow_prediction: 'flow', epsilon: 'flow' } as const
  return { defaults, read: read => flowOf(read, 'shift', named(read, 'prediction_type', answers, 'flow_prediction')) }
}

/** The scheduler's shift moves the times at which it samples, which no network is told of. */
function flowOf(
  read: SchedulerArguments,
  shifted: 'shift' | 'flow_shift',
  predicts: Prediction
): Omit<Scheduled, 'sampling'> {
  const times = stepsOf(read)
  const shift = read.flag('use_dynamic_shifting', false) ? 1 : positive(read, shifted)
  const moved = (t: number) => (shift * t) / (1 + (shift - 1) * t)
  const noise = { type: 'flow', times, first: moved(1 / times), last: moved((times - 1) / times) }
  return { className: 'Continuous', initKwargs: { predicts, noise } }
}

const FLOW_SIGMAS = { use_flow_sigmas: false, flow_shift: 1, use_dynamic_shifting: false }

/** Schedulers that sample chains, and flows where `use_flow_sigmas` says so. */
export function chainOrFlow(defaults: Values, options: ChainOptions = {}): SchedulerClass {
  const chained = chain({ ...defaults, ...FLOW_SIGMAS }, options)
  return {
    ...chained,
    read(read) {
      if (!read.flag('use_flow_sigmas', false)) return chained.read(read)
      // The v of these classes is a chain's and no velocity of a flow.
      const answers = { flow_prediction: 'flow', epsilon: 'epsilon', sample: 'x0' } as const
      return flowOf(read, 'flow_shift', named(read, 'prediction_type', answers, 'epsilon'))
    }
  }
}

/** Schedulers of networks with EDM's preconditioning. */
export function preconditioned(defaults: Values, told: Values = {}): SchedulerClass {
  return {
    defaults,
    read: read => ({
      className: 'EDMPrecond',
      initKwargs: {
        ...edmRange(read),
        sigma_data: positive(read, 'sigma_data'),
        ...signOf(read),
        ...told
      }
    })
  }
}

function signOf(read: SchedulerArguments): Values {
  const predicts = named(read, 'prediction_type', { epsilon: 'x0', v_prediction: 'v' } as const, 'epsilon')
  return predicts === 'v' ? { predicts } : {}
}

function edmRange(read: SchedulerArguments): { sigma_min: number; sigma_max: number } {
  const [sigma_min, sigma_max] = [positive(read, 'sigma_min'), positive(read, 'sigma_max')]
  if (sigma_min < sigma_max) return { sigma_min, sigma_max }
  throw new EpdError('model-invalid', `${read.where}sigma_min is ${sigma_min}, but sigma_max is only ${sigma_max}`)
}

/**
 * The scheduler of a network that is told a chain's steps, or, for `timestep_type: continuous`, a quarter of the
 * logarithm of sigma with v and EDM's scales (Stable Video Diffusion).
 */
export function euler(defaults: Values): SchedulerClass {
  const predictions = { ...PREDICTIONS, original_sample: 'x0' } as const
  const chained = chain(defaults, { predictions, keepsSignal: true })
  return {
    ...chained,
    read(read) {
      if (read.text('timestep_type', ['discrete', 'continuous'], 'discrete') === 'discrete') return chained.read(read)
      const { predicts, betas } = chainOf(read, { predictions, keepsSignal: true })
      if (predicts !== 'v')
        throw new EpdError(
          'model-invalid',
          `${read.where}timestep_type is "continuous" and prediction_type is ` +
            `${shown(read.value('prediction_type'))}; only v_prediction has a meaning there`
        )
      const { sigmaMin, sigmaMax } = parametrisation(predicts, { type: 'steps', betas })
      const end = (name: string, ofChain: number) => (read.value(name) === null ? ofChain : positive(read, name))
      return {
        className: 'EDMPrecond',
        initKwargs: {
          ...{ sigma_min: end('sigma_min', sigmaMin), sigma_max: end('sigma_max', sigmaMax), sigma_data: 1, predicts }
        }
      }
    }
  }
}

/** The scheduler of a network that answers the score of images x0 + sigma n, and is told sigma. */
export const SCORE: SchedulerClass = {
  defaults: { sigma_min: 0.01, sigma_max: 1348, sampling_eps: 1e-5 },
  read(read) {
    const { sigma_min: least, sigma_max: sigmaMax } = edmRange(read)
    const sigmaMin = least * power(sigmaMax / least, fraction(read, 'sampling_eps'))
    return { className: 'Continuous', initKwargs: { predicts: 'score', noise: { type: 'sigma', sigmaMin, sigmaMax } } }
  }
}

/**
 * The scheduler of a network in the time of Dance Diffusion, which is told an angle and answers v. Its times are those
 * of the scheduler itself, without the infinite first.
 */
export const ANGLE: SchedulerClass = {
  defaults: { num_train_timesteps: 1000 },
  read(read) {
    const steps = stepsOf(read)
    const time = (i: number) => Math.asin(Math.sin((Math.PI * i) / (2 * steps)) ** 2) * (2 / Math.PI)
    return {
      className: 'Continuous',
      initKwargs: { predicts: 'v', noise: { type: 'angle', first: time(1), last: time(steps - 1) } }
    }
  }
}
