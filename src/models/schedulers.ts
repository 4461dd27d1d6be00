import { EpdError } from '../errors.js'
import { argumentsOf, shown } from '../networks/arguments.js'
import { power } from '../power.js'
import { parametrisation, type Betas, type Prediction } from './parametrisation.js'
import { PRIVATE_KEYS, SAMPLING_KEYS, UNREAD_KEYS } from './scheduler-keys.js'

type Values = Readonly<Record<string, unknown>>
/** The values of keys, and what messages about them begin with. */
type Arguments = ReturnType<typeof argumentsOf> & { readonly where: string }

function readerOf(defaults: Values, config: Values, file: string): Arguments {
  const given = Object.entries(config).filter(([key, value]) => key in defaults && value !== null)
  const where = `${file}: `
  return { ...argumentsOf({ ...defaults, ...Object.fromEntries(given) }, where), where }
}

/** What a scheduler of diffusers says of the network beside it. */
export interface Scheduled {
  /** A class of preconditionings, and its arguments. */
  readonly className: string
  readonly initKwargs: Values
  /** What the scheduler does to each denoised image, which is no part of the network. */
  readonly sampling?: SchedulerSampling
}

/** How a scheduler bounds each denoised image. */
export interface SchedulerSampling {
  /** Values are clipped to plus and minus it. */
  readonly clip?: number
  /** Values are clipped to a quantile of their sizes, at least 1 and at most `max`, and divided by it (Saharia et al. 2022). */
  readonly threshold?: { readonly ratio: number; readonly max: number }
}

/** A class of schedulers: the keys that its networks' meaning depends on, each with the class's own default, and how they are read. */
interface SchedulerClass {
  readonly defaults: Values
  readonly read: (values: Arguments) => Omit<Scheduled, 'sampling'>
  /** Keys of clipping and thresholding that it has. */
  readonly bounds?: Values
}

/** A configuration as scheduler_config.json holds it; `listed`: the class that model_index.json names for it. */
export interface SchedulerSource {
  readonly config: Values
  readonly file: string
  readonly listed?: string
}

/**
 * The network that a scheduler's configuration describes. Keys that are left out have the defaults of its class.
 * @throws EpdError `model-invalid` for a class, a key or a value that is not known
 */
export function readScheduler({ config, file, listed }: SchedulerSource): Scheduled {
  const own = config._class_name
  if (own !== undefined && typeof own !== 'string')
    throw new EpdError('model-invalid', `${file}: _class_name must be a text, found ${shown(own)}`)
  const names = [...new Set([listed, own].flatMap(name => name ?? []))]
  if (names.length === 0)
    throw new EpdError(
      'model-invalid',
      `${file}: names no _class_name, and without its class nobody knows what the keys that it leaves out are`
    )
  const [first, ...others] = names.map(name => ofClass(name, config, file))
  if (others.some(other => JSON.stringify(other) !== JSON.stringify(first)))
    throw new EpdError(
      'model-invalid',
      `${file}: its _class_name is ${shown(own)}, but model_index.json names ${shown(listed)}, and the two mean different networks`
    )
  return first
}

function ofClass(name: string, config: Values, file: string): Scheduled {
  const found = CLASSES.get(name.replace(/^Flax/, ''))
  if (!found) {
    const reason = REFUSED.get(name.replace(/^Flax/, ''))
    throw new EpdError(
      'model-invalid',
      `${file}: its scheduler is a ${name}, which is not supported` +
        (reason === undefined ? `; known are ${[...CLASSES.keys()].join(', ')}` : `: ${reason}`)
    )
  }
  for (const [key, value] of Object.entries(config)) checkKey(found, name, key, value, file)
  checkOldPrediction(config, file)
  return { ...found.read(readerOf(found.defaults, config, file)), sampling: boundsOf(found, config, file) }
}

/** Every key is read, is known not to matter, or is refused. */
function checkKey({ defaults }: SchedulerClass, className: string, key: string, value: unknown, file: string): void {
  if (key in defaults || SAMPLING_KEYS.has(key) || PRIVATE_KEYS.has(key) || key === 'predict_epsilon') return
  const neutral = UNREAD_KEYS.get(key)
  if (!neutral)
    throw new EpdError(
      'model-invalid',
      `${file}: ${key} is ${shown(value)}, and no scheduler that is known has such a key; remove it if samples do not depend on it`
    )
  if (neutral !== 'any' && value !== null && !neutral.includes(value))
    throw new EpdError('model-invalid', `${file}: ${key} is ${shown(value)}, which a ${className} does not read`)
}

/** Before 0.9, `predict_epsilon: false` was what `prediction_type: sample` is now; later versions do not read it. */
function checkOldPrediction({ predict_epsilon: old, prediction_type: type }: Values, file: string): void {
  if (old === undefined || old === null || old === true || type === 'sample') return
  throw new EpdError(
    'model-invalid',
    `${file}: predict_epsilon is ${shown(old)}, which only old versions of diffusers read; write prediction_type: sample for a network that answers the clean image`
  )
}

function boundsOf({ bounds }: SchedulerClass, config: Values, file: string): SchedulerSampling | undefined {
  if (!bounds) return undefined
  const read = readerOf(bounds, config, file)
  if (read.flag('thresholding', false)) {
    const [ratio, max] = [read.number('dynamic_thresholding_ratio', 0.995), read.number('sample_max_value', 1)]
    return { threshold: { ratio, max } }
  }
  return read.flag('clip_sample', false) ? { clip: read.number('clip_sample_range', 1) } : undefined
}

const PREDICTIONS = { epsilon: 'epsilon', v_prediction: 'v', sample: 'x0' } as const
const SCHEDULES = { linear: 'linear', scaled_linear: 'scaled-linear', squaredcos_cap_v2: 'cosine' } as const
type Names<Value extends string> = Readonly<Record<string, Value>>
type Schedule = Exclude<Betas, { readonly alphaBars: unknown }>['schedule']

interface ChainOptions {
  readonly schedules?: Names<Schedule>
  readonly predictions?: Names<Prediction>
  readonly bounds?: Values
  /** Whether a chain without an end, rescale_betas_zero_snr, keeps a little of its signal at the last step. */
  readonly keepsSignal?: boolean
}

/** A network at the steps of a variance-preserving chain. */
function chain(defaults: Values, options: ChainOptions = {}): SchedulerClass {
  return {
    defaults,
    bounds: options.bounds,
    read: read => ({ className: 'Stepwise', initKwargs: chainOf(read, options) })
  }
}

function chainOf(
  read: Arguments,
  { schedules = SCHEDULES, predictions = PREDICTIONS, keepsSignal = false }: ChainOptions
): { betas: Betas; predicts: Prediction } {
  const predicts = named(read, 'prediction_type', predictions, 'epsilon')
  const zeroTerminal = read.flag('rescale_betas_zero_snr', false)
  if (zeroTerminal && predicts === 'epsilon' && !keepsSignal)
    throw new EpdError(
      'model-invalid',
      `${read.where}rescale_betas_zero_snr is true and prediction_type is "epsilon": where no signal is left, noise tells nothing of the image`
    )
  const shifts = read.value('snr_shift_scale') !== undefined
  return {
    predicts,
    betas: {
      ...betasOf(read, schedules),
      ...(shifts && { snrShift: positive(read, 'snr_shift_scale') }),
      ...(zeroTerminal && { zeroTerminal }),
      // As diffusers tells its networks of steps that are not whole.
      between: 'log-sigma'
    }
  }
}

function betasOf(read: Arguments, schedules: Names<Schedule>): Betas {
  if ((read.value('trained_betas') ?? null) !== null) {
    let product = 1
    return { alphaBars: trainedBetas(read).map(beta => (product *= 1 - beta)) }
  }
  const steps = stepsOf(read)
  const schedule = named(read, 'beta_schedule', schedules, 'linear')
  if (schedule === 'cosine' || schedule === 'exponential' || schedule === 'laplace') return { schedule, steps }
  return { schedule, start: fraction(read, 'beta_start'), end: fraction(read, 'beta_end'), steps }
}

/**
 * A flow's network is told t times the number of steps. Its schedulers do not read prediction_type, which says epsilon where a scheduler was
 * made of a chain's.
 */
function flow(defaults: Values): SchedulerClass {
  const answers = { flow_prediction: 'flow', epsilon: 'flow' } as const
  return { defaults, read: read => flowOf(read, 'shift', named(read, 'prediction_type', answers, 'flow_prediction')) }
}

/** The scheduler's shift moves the times at which it samples, which no network is told of. */
function flowOf(read: Arguments, shifted: 'shift' | 'flow_shift', predicts: Prediction): Omit<Scheduled, 'sampling'> {
  const times = stepsOf(read)
  const shift = read.flag('use_dynamic_shifting', false) ? 1 : positive(read, shifted)
  const moved = (t: number) => (shift * t) / (1 + (shift - 1) * t)
  const noise = { type: 'flow', times, first: moved(1 / times), last: moved((times - 1) / times) }
  return { className: 'Continuous', initKwargs: { predicts, noise } }
}

const FLOW_SIGMAS = { use_flow_sigmas: false, flow_shift: 1, use_dynamic_shifting: false }

/** Solvers that sample chains, and flows where `use_flow_sigmas` says so. */
function chainOrFlow(defaults: Values, options: ChainOptions = {}): SchedulerClass {
  const chained = chain({ ...defaults, ...FLOW_SIGMAS }, options)
  return {
    ...chained,
    read(read) {
      if (!read.flag('use_flow_sigmas', false)) return chained.read(read)
      // Their v is of a chain and is no velocity of a flow.
      const answers = { flow_prediction: 'flow', epsilon: 'epsilon', sample: 'x0' } as const
      return flowOf(read, 'flow_shift', named(read, 'prediction_type', answers, 'epsilon'))
    }
  }
}

/** EDM's preconditioning. */
function preconditioned(defaults: Values, told: Values = {}): SchedulerClass {
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

function signOf(read: Arguments): Values {
  const predicts = named(read, 'prediction_type', { epsilon: 'x0', v_prediction: 'v' } as const, 'epsilon')
  return predicts === 'v' ? { predicts } : {}
}

function edmRange(read: Arguments): { sigma_min: number; sigma_max: number } {
  const [sigma_min, sigma_max] = [positive(read, 'sigma_min'), positive(read, 'sigma_max')]
  if (sigma_min < sigma_max) return { sigma_min, sigma_max }
  throw new EpdError('model-invalid', `${read.where}sigma_min is ${sigma_min}, but sigma_max is only ${sigma_max}`)
}

/** A chain's steps, or, for `timestep_type: continuous`, a quarter of the logarithm of sigma with v and EDM's scales (Stable Video Diffusion). */
function euler(defaults: Values): SchedulerClass {
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
          `${read.where}timestep_type is "continuous" and prediction_type is ${shown(read.value('prediction_type'))}; only v_prediction has a meaning there`
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

/** A network that answers the score of images x0 + sigma n, and is told sigma. */
const SCORE: SchedulerClass = {
  defaults: { sigma_min: 0.01, sigma_max: 1348, sampling_eps: 1e-5 },
  read(read) {
    const { sigma_min: least, sigma_max: sigmaMax } = edmRange(read)
    const sigmaMin = least * power(sigmaMax / least, fraction(read, 'sampling_eps'))
    return { className: 'Continuous', initKwargs: { predicts: 'score', noise: { type: 'sigma', sigmaMin, sigmaMax } } }
  }
}

/** A network in the time of Dance Diffusion: told an angle, and answers v. Its times are those of the scheduler itself, without the infinite first. */
const ANGLE: SchedulerClass = {
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

const CHAIN = {
  ...{ num_train_timesteps: 1000, beta_start: 1e-4, beta_end: 0.02, beta_schedule: 'linear', trained_betas: null },
  prediction_type: 'epsilon'
}
const RESCALED = { ...CHAIN, rescale_betas_zero_snr: false }
const LATENT = { ...CHAIN, beta_start: 0.00085, beta_end: 0.012 }
const DISTILLED = { ...LATENT, beta_schedule: 'scaled_linear', rescale_betas_zero_snr: false }
const VIDEO = { ...DISTILLED, snr_shift_scale: 3 }
const FLOW = { num_train_timesteps: 1000, shift: 1, prediction_type: 'flow_prediction', use_flow_sigmas: true }
const EDM = { sigma_min: 0.002, sigma_max: 80, sigma_data: 0.5, prediction_type: 'epsilon' }
const EULER = { ...RESCALED, timestep_type: 'discrete', sigma_min: null, sigma_max: null }

const THRESHOLDED = { thresholding: false, dynamic_thresholding_ratio: 0.995, sample_max_value: 1 }
const CLIPPED = { clip_sample: true, clip_sample_range: 1 }
const UNCLIPPED = { clip_sample: false, clip_sample_range: 1 }
const BOTH = { ...THRESHOLDED, ...CLIPPED }

const DDPM_SCHEDULES = { ...SCHEDULES, sigmoid: 'sigmoid', laplace: 'laplace' } as const
const DDPM = chain(RESCALED, { schedules: DDPM_SCHEDULES, bounds: BOTH })
const DDIM = chain(RESCALED, { bounds: BOTH })
const LCM = chain(DISTILLED, { bounds: { ...THRESHOLDED, ...UNCLIPPED } })
const DYNAMIC_FLOW = flow({ ...FLOW, use_dynamic_shifting: false })

/** Each class with the defaults of its own signature, which have been the same in all versions of diffusers. */
const CLASSES: ReadonlyMap<string, SchedulerClass> = new Map([
  ['DDPMScheduler', DDPM],
  ['DDPMParallelScheduler', DDPM],
  ['DDIMScheduler', DDIM],
  ['DDIMParallelScheduler', DDIM],
  ['DDIMInverseScheduler', chain(RESCALED, { bounds: CLIPPED })],
  ['PNDMScheduler', chain(CHAIN)],
  ['LMSDiscreteScheduler', chain(CHAIN)],
  ['EulerDiscreteScheduler', euler(EULER)],
  ['EulerAncestralDiscreteScheduler', chain(RESCALED, { keepsSignal: true })],
  ['HeunDiscreteScheduler', chain(LATENT, { schedules: { ...SCHEDULES, exp: 'exponential' }, bounds: UNCLIPPED })],
  ['KDPM2DiscreteScheduler', chain(LATENT)],
  ['KDPM2AncestralDiscreteScheduler', chain(LATENT)],
  ['DPMSolverSDEScheduler', chain(LATENT)],
  ['DPMSolverMultistepScheduler', chainOrFlow(RESCALED, { keepsSignal: true, bounds: THRESHOLDED })],
  ['DPMSolverMultistepInverseScheduler', chainOrFlow(CHAIN, { bounds: THRESHOLDED })],
  ['DPMSolverSinglestepScheduler', chainOrFlow(CHAIN, { bounds: THRESHOLDED })],
  ['DEISMultistepScheduler', chainOrFlow(CHAIN, { bounds: THRESHOLDED })],
  ['SASolverScheduler', chainOrFlow(CHAIN, { bounds: THRESHOLDED })],
  ['UniPCMultistepScheduler', chainOrFlow(RESCALED, { keepsSignal: true, bounds: THRESHOLDED })],
  ['LCMScheduler', LCM],
  ['TCDScheduler', LCM],
  [
    'RePaintScheduler',
    chain(without(CHAIN, 'prediction_type'), {
      schedules: { ...SCHEDULES, sigmoid: 'sigmoid' },
      bounds: { clip_sample: true }
    })
  ],
  [
    'UnCLIPScheduler',
    chain(
      { num_train_timesteps: 1000, beta_schedule: 'squaredcos_cap_v2', prediction_type: 'epsilon' },
      {
        schedules: { squaredcos_cap_v2: 'cosine' },
        predictions: { epsilon: 'epsilon', sample: 'x0' },
        bounds: CLIPPED
      }
    )
  ],
  ['CogVideoXDDIMScheduler', chain(VIDEO)],
  ['CogVideoXDPMScheduler', chain(VIDEO)],
  ['FlowMatchEulerDiscreteScheduler', DYNAMIC_FLOW],
  ['FlowMatchLCMScheduler', DYNAMIC_FLOW],
  ['FlowMatchHeunDiscreteScheduler', flow(FLOW)],
  ['EDMEulerScheduler', preconditioned(EDM)],
  ['EDMDPMSolverMultistepScheduler', { ...preconditioned(EDM), bounds: THRESHOLDED }],
  [
    'CosineDPMSolverMultistepScheduler',
    preconditioned(
      { sigma_min: 0.3, sigma_max: 500, sigma_data: 1, prediction_type: 'v_prediction' },
      { told: 'angle' }
    )
  ],
  ['ScoreSdeVeScheduler', SCORE],
  ['IPNDMScheduler', ANGLE]
])

/** Classes whose networks cannot be read, each with the reason. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ['CMStochasticIterativeScheduler', 'a consistency model answers where a path ends and not the expected clean image'],
  ['SCMScheduler', 'a consistency model answers where a path ends and not the expected clean image'],
  ['FlowMapEulerDiscreteScheduler', 'its network is told two times'],
  ['ScoreSdeVpScheduler', 'its configuration does not say what the network is told'],
  ['KarrasVeScheduler', 'its network is given images from 0 to 1'],
  ['DDPMWuerstchenScheduler', 'its network is told a ratio of a chain without steps'],
  ['ConsistencyDecoderScheduler', 'it samples with the network of a decoder'],
  ['VQDiffusionScheduler', 'its samples are discrete codes'],
  ['AmusedScheduler', 'its samples are discrete codes']
])

function stepsOf(read: Arguments): number {
  const steps = read.count('num_train_timesteps')
  if (steps >= 2 && steps <= MOST_STEPS) return steps
  throw read.unsupported('num_train_timesteps', steps)
}

const MOST_STEPS = 1_000_000

function positive(read: Arguments, name: string): number {
  const value = read.number(name, NaN)
  if (value > 0 && Number.isFinite(value)) return value
  throw read.unsupported(name, value)
}

function fraction(read: Arguments, name: string): number {
  const value = positive(read, name)
  if (value < 1) return value
  throw read.unsupported(name, value)
}

function trainedBetas(read: Arguments): readonly number[] {
  const betas = read.numbers('trained_betas')
  const strange = betas.find(beta => beta >= 1)
  if (strange === undefined && betas.length >= 2) return betas
  throw new EpdError('model-invalid', `${read.where}trained_betas must be two or more numbers between 0 and 1`)
}

/** What the text under a name means. */
function named<Value extends string>(read: Arguments, name: string, known: Names<Value>, otherwise: string): Value {
  const found = read.value(name) ?? otherwise
  if (typeof found === 'string' && Object.hasOwn(known, found)) return known[found]
  throw new EpdError(
    'model-invalid',
    `${read.where}${name} is ${shown(found)}, which is not supported; known are ${Object.keys(known).join(', ')}`
  )
}

function without(values: Values, name: string): Values {
  return Object.fromEntries(Object.entries(values).filter(([key]) => key !== name))
}
