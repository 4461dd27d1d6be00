import { power } from '../power.js'
import { flowSigma } from './coordinates.js'
import { FLOAT32, type Float32Type } from './float32.js'
import { flowTimes, type FlowSpacing } from './flow-times.js'
import { describeLeaving, leaves, rangeOf, type Range, type RangedModel } from './range.js'

/** Schedules that a formula spaces. */
export type ScheduleType = 'polynomial' | 'logsnr' | 'time_uniform' | 'discrete'

/** Time points as a formula spaces them, or as a list has them. */
export type ScheduleOptions = SpacedOptions | FlowOptions | ExplicitOptions

/** What every schedule can be given. */
export interface AnyScheduleOptions {
  /**
   * Whether a noise level of 0 comes last, which solvers reach by one denoised step; default: the list's or formula's
   * own end.
   */
  readonly finalSigma?: 'zero' | 'sigma-min'
  /** What latents are multiplied by at the first time point: see `noise`. It moves no time point. */
  readonly noiseScale?: NoiseScale
  /**
   * The model whose range is taken where no ends are given, and is not left. `discrete` and `timesteps` need its time.
   */
  readonly model?: RangedModel
}

/**
 * What latents are multiplied by: sigma, or sqrt(sigma^2 + 1), with which a chain's own noisy image begins as the
 * latents themselves.
 */
export type NoiseScale = 'sigma' | 'unit-variance'

/** Time points that a formula spaces between two noise levels. */
export interface SpacedOptions extends AnyScheduleOptions {
  readonly type: ScheduleType
  /** Exponent of the spacing; not used by `logsnr`. */
  readonly rho: number
  /** Time points, both ends included; at least 2. */
  readonly numSteps: number
  /** The least noise level above 0; default: the model's. */
  readonly sigmaMin?: number
  readonly sigmaMax?: number
  /** `float32` has the time points that the paper's code computes. */
  readonly precision?: 'float64' | 'float32'
}

/** Time points of flow matching, from t = 1, where sigma is infinite, on. */
export interface FlowOptions extends AnyScheduleOptions, FlowSpacing {
  readonly type: 'flowmatch'
  /** Time points, both ends included; at least 2. */
  readonly numSteps: number
}

/** Time points one by one: noise levels, times t of a flow, or what the model's network is told. */
export interface ExplicitOptions extends AnyScheduleOptions {
  readonly type: 'explicit'
  /** They fall, to 0 at the least. Give these, times or timesteps. */
  readonly sigmas?: readonly number[]
  /** Times t of a flow, from 1 at most, where sigma = t / (1 - t) is infinite. */
  readonly times?: readonly number[]
  readonly timesteps?: readonly number[]
  /** How many there are, where that is known. */
  readonly numSteps?: number
}

/**
 * The time points of a sampler: `numSteps` falling noise levels.
 *
 * - `polynomial`: sigma^(1/rho) falls evenly (Karras et al. 2022, Eq. 5).
 * - `logsnr`: log sigma falls evenly (Lu et al. 2022, DPM-Solver).
 * - `time_uniform`: t^(1/rho) falls evenly from 1 to 1e-3 in the time of the variance-preserving SDE whose sigma(t)
 *   meets both ends.
 * - `discrete`: the same in the model's own time.
 * - `flowmatch`: t falls evenly from 1, and is shifted towards noise; sigma = t / (1 - t), at first Infinity.
 * - `explicit`: those given, as sigmas, as times of a flow, or as timesteps of the model.
 *
 * @throws RangeError if numSteps is not a whole number of 2 or more, not 0 < sigmaMin < sigmaMax, the range is too
 * narrow for `time_uniform` (no variance-preserving SDE meets both ends), time points do not fall, or they leave the
 * range of a bounded model.
 */
export function schedule(options: ScheduleOptions): Float64Array {
  const sigmas = Float64Array.from(levels(options))
  if (sigmas.length < 2) throw new RangeError('2 or more time points are needed')
  const above = positive(sigmas)
  const wrong = above.findIndex(
    (sigma, i) => !(sigma > 0 && (i === 0 || (Number.isFinite(sigma) && sigma < above[i - 1])))
  )
  if (wrong >= 0) throw new RangeError(notFalling(options, above, wrong))
  const range = { sigmaMax: above[0], sigmaMin: above[above.length - 1] }
  const { model } = options
  if (model?.bounded && leaves(range, model)) throw new RangeError(describeLeaving(range, model))
  return sigmas
}

function levels(options: ScheduleOptions): readonly number[] {
  if (options.type === 'explicit') return explicit(options)
  return options.type === 'flowmatch' ? inFlow(options) : spaced(options)
}

function inFlow(options: FlowOptions): number[] {
  const count = countAboveZero(options)
  const sigmas = flowTimes(options, count).map(flowSigma)
  return options.finalSigma === 'zero' ? [...sigmas, 0] : sigmas
}

/** How many time points a formula places, a last one of 0 being none of them. */
function countAboveZero({ numSteps, finalSigma }: Pick<SpacedOptions, 'numSteps' | 'finalSigma'>): number {
  if (!Number.isInteger(numSteps) || numSteps < 2) throw new RangeError(`numSteps must be 2 or more, found ${numSteps}`)
  const count = finalSigma === 'zero' ? numSteps - 1 : numSteps
  if (count < 2) throw new RangeError('a schedule with finalSigma zero needs numSteps of 3 or more')
  return count
}

/** Time points without a last one of 0. */
export function positive(sigmas: Float64Array): Float64Array {
  return sigmas[sigmas.length - 1] === 0 ? sigmas.subarray(0, -1) : sigmas
}

function notFalling(options: ScheduleOptions, sigmas: Float64Array, wrong: number): string {
  if (options.type === 'flowmatch') return 'flowmatch needs a shift above 0, and a last time above 0 and below 1'
  if (options.type !== 'explicit') {
    const { sigmaMin, sigmaMax } = endsOf(options)
    return `${options.type} does not fall from ${sigmaMax} to ${sigmaMin}: widen the range`
  }
  const after = wrong > 0 ? ` after ${sigmas[wrong - 1]}` : ''
  return `the time points must fall, with 0 only at the end; number ${wrong + 1} is ${sigmas[wrong]}${after}`
}

function spaced(options: SpacedOptions): number[] {
  const { type, rho, finalSigma, precision, model } = options
  const count = countAboveZero(options)
  const range = endsOf(options)
  const { sigmaMin, sigmaMax } = range
  if (!(sigmaMin > 0 && sigmaMax > sigmaMin))
    throw new RangeError(`0 < sigmaMin < sigmaMax is needed, found ${sigmaMin} and ${sigmaMax}`)
  const sigmas =
    precision === 'float32'
      ? FLOAT32[float32Type(type)]({ rho, numSteps: count, ...range })
      : Array.from({ length: count }, (_, i) => spacing({ type, rho, ...range, model })(i / (count - 1)))
  return finalSigma === 'zero' ? [...sigmas, 0] : sigmas
}

/** The ends of a schedule, with the model's in place of those that are not given. */
function endsOf({ model, sigmaMin, sigmaMax }: SpacedOptions): Range {
  const own = model && rangeOf(model)
  const [least, most] = [sigmaMin ?? own?.sigmaMin, sigmaMax ?? own?.sigmaMax]
  if (least === undefined || most === undefined)
    throw new RangeError('sigmaMin and sigmaMax are needed where no model is given whose they could be')
  return { sigmaMin: least, sigmaMax: most }
}

function float32Type(type: ScheduleType): Float32Type {
  if (type !== 'discrete') return type
  throw new RangeError(
    'precision float32 is of polynomial, logsnr and time_uniform; discrete takes its time points from the model'
  )
}

function explicit({ sigmas, times, timesteps, finalSigma, model, numSteps }: ExplicitOptions): number[] {
  if ([sigmas, times, timesteps].filter(list => list !== undefined).length !== 1)
    throw new RangeError('an explicit schedule needs one of sigmas, times and timesteps')
  const given = sigmas ? [...sigmas] : (times?.map(flowSigma) ?? sigmasOf(timesteps ?? [], model))
  const all = finalSigma === 'zero' && given.at(-1) !== 0 ? [...given, 0] : given
  if (numSteps !== undefined && numSteps !== all.length)
    throw new RangeError(`numSteps must be ${all.length}, the time points of the explicit schedule, found ${numSteps}`)
  return all
}

/** The noise levels at which a model's network is told these times. */
function sigmasOf(timesteps: readonly number[], model: RangedModel | undefined): number[] {
  const told = model?.time?.told
  if (!told) throw new RangeError('timesteps need a model that is told steps or times of its own; give sigmas')
  const beyond = timesteps.find(step => !(step >= told.first && step <= told.last))
  if (beyond !== undefined)
    throw new RangeError(`timesteps must be from ${told.first} to ${told.last}, which the model knows, found ${beyond}`)
  return timesteps.map(told.sigma)
}

function spacing({
  type,
  rho,
  sigmaMin,
  sigmaMax,
  model
}: Range & Pick<SpacedOptions, 'type' | 'rho' | 'model'>): (fraction: number) => number {
  switch (type) {
    case 'polynomial':
      return spacedByPower(sigmaMax, sigmaMin, rho)
    case 'logsnr':
      return fraction => Math.exp(Math.log(sigmaMax) + fraction * (Math.log(sigmaMin) - Math.log(sigmaMax)))
    case 'time_uniform': {
      const sigma = variancePreserving(sigmaMin, sigmaMax)
      const time = spacedByPower(1, TIME_MIN, rho)
      return fraction => sigma(time(fraction))
    }
    case 'discrete': {
      if (!model?.time) throw new RangeError('the discrete schedule needs a model with a time of its own')
      const { sigma, inverse } = model.time
      const time = spacedByPower(inverse(sigmaMax), inverse(sigmaMin), rho)
      return fraction => sigma(time(fraction))
    }
  }
}

/** x(f) with x^(1/rho) going evenly from `from` (f = 0) to `to` (f = 1). */
function spacedByPower(from: number, to: number, rho: number): (fraction: number) => number {
  const [a, b] = [power(from, 1 / rho), power(to, 1 / rho)]
  return fraction => power(a + fraction * (b - a), rho)
}

const TIME_MIN = 1e-3

/**
 * sigma(t) of the variance-preserving SDE (Song et al. 2021, Eq. 11; Karras et al. 2022, Table 1) with the given ends.
 */
function variancePreserving(sigmaMin: number, sigmaMax: number): (time: number) => number {
  const [logMin, logMax] = [Math.log(sigmaMin ** 2 + 1), Math.log(sigmaMax ** 2 + 1)]
  const betaD = (2 * (logMin / TIME_MIN - logMax)) / (TIME_MIN - 1)
  const betaMin = logMax - 0.5 * betaD
  return time => Math.sqrt(Math.exp(0.5 * betaD * time ** 2 + betaMin * time) - 1)
}
