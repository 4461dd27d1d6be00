import { EpdError } from '../errors.js'
import { discreteTime, type BetweenSteps } from './discrete-time.js'
import type { ModelTime, ToldTime } from './denoiser.js'
import type { Preconditioning } from './preconditioning.js'

/**
 * The quantity that a network answers: the noise n, v = alpha n - s x0 (Salimans & Ho 2022), the clean image, a flow's
 * velocity n - x0, or, where alpha is 1, the score -n / s (Song et al. 2021).
 */
export type Prediction = 'epsilon' | 'v' | 'x0' | 'flow' | 'score'

/** The noisy images that a network was trained on, x_t = alpha x0 + s n, and how it is told how noisy they are. */
export type NoiseSpec =
  /** alpha = 1, s = sigma; told sigma, its logarithm, or a quarter of that. */
  | {
      readonly type: 'sigma'
      readonly told: 'sigma' | 'log' | 'quarter-log'
      readonly sigmaMin: number
      readonly sigmaMax: number
    }
  /**
   * alpha^2 + s^2 = 1; told the step, 0 to steps - 1, and between two what lies between unless that is rounded to the
   * nearest.
   */
  | { readonly type: 'steps'; readonly betas: Betas; readonly rounding?: Rounding }
  /**
   * alpha = 1 - t, s = t; told t times `times` (default: 1). t lies between `first` (0.001) and `last` (0.999). With a
   * last of 1, or where it is `pure`, the network also knows t = 1, at which sigma is infinite and the image noise
   * alone; ranges of sigma then end at 0.999, or at a `last` below 1.
   */
  | {
      readonly type: 'flow'
      readonly times?: number
      readonly first?: number
      readonly last?: number
      readonly pure?: boolean
    }
  /** alpha = cos(pi t / 2), s = sin(pi t / 2); told t, which lies between `first` and `last`, below 1. */
  | { readonly type: 'angle'; readonly first: number; readonly last: number }

/** The treatment of a step that is not whole: it is told as it is, or the nearest whole one is told. */
export type Rounding = 'none' | 'nearest'

/** The noise that each step of a variance-preserving chain adds, or alpha^2 of each step itself. */
export type Betas = (
  | {
      readonly schedule: 'linear' | 'scaled-linear' | 'sigmoid'
      readonly start: number
      readonly end: number
      readonly steps: number
    }
  | { readonly schedule: 'cosine' | 'exponential' | 'laplace'; readonly steps: number }
  | { readonly alphaBars: readonly number[] }
) & {
  /** The ratio of signal to noise is divided by it (Esser et al. 2024). */
  readonly snrShift?: number
  /** alpha is moved and stretched so that it ends at 0 (Lin et al. 2023, Algorithm 1). */
  readonly zeroTerminal?: boolean
  /** Default: `log-alpha`. */
  readonly between?: BetweenSteps
}

/** A network's noise in terms of sigma = s / alpha. */
interface Noise {
  readonly sigmaMin: number
  readonly sigmaMax: number
  readonly time?: ModelTime
  readonly pureNoise?: boolean
  readonly alpha: (sigma: number) => number
  readonly told: (sigma: number) => number
}

/**
 * D(x; sigma) of a network that was trained on other noisy images, and to answer otherwise. With x = x_t / alpha and n
 * = (x - x0) / sigma each prediction F is solved for x0; nothing is approximated.
 */
export function parametrisation(predicts: Prediction, noise: NoiseSpec): Preconditioning {
  const { sigmaMin, sigmaMax, time, pureNoise = false, alpha, told } = noiseOf(noise)
  const skipAndOut = SKIP_AND_OUT[predicts]
  const exact: Preconditioning = {
    ...{ sigmaMin, sigmaMax, time, bounded: noise.type !== 'sigma' },
    ...(pureNoise && OF_NOISE_ALONE[predicts] && { pureNoise }),
    at(sigma) {
      if (sigma === Infinity) return atPureNoise(predicts, told(sigma))
      const [skip, out] = skipAndOut(sigma, alpha(sigma))
      return { skip, out, in: alpha(sigma), noise: told(sigma) }
    }
  }
  return noise.type === 'steps' && noise.rounding === 'nearest' ? rounded(exact) : exact
}

/** A network that is told whole numbers alone, as some samplers of diffusers do. */
export function rounded(exact: Preconditioning): Preconditioning {
  const unrounded = exact.unrounded ?? (sigma => exact.at(sigma).noise)
  return {
    ...exact,
    unrounded,
    at: sigma => ({ ...exact.at(sigma), noise: Math.round(exact.at(sigma).noise) })
  }
}

const SKIP_AND_OUT: Record<Prediction, (sigma: number, alpha: number) => readonly [skip: number, out: number]> = {
  epsilon: sigma => [1, -sigma],
  v: (sigma, alpha) => [1 / (1 + sigma ** 2), -sigma / (alpha * (1 + sigma ** 2))],
  x0: () => [0, 1],
  flow: sigma => [1 / (1 + sigma), -sigma / (1 + sigma)],
  score: sigma => [1, sigma ** 2]
}

/**
 * The clean image of noise alone, where alpha is 0 and s is 1: of v = -x0, x0, and a flow's n - x0. A network that
 * answers the noise that it is shown says nothing of the image.
 */
const OF_NOISE_ALONE: Readonly<Partial<Record<Prediction, readonly [skip: number, out: number]>>> = {
  v: [0, -1],
  x0: [0, 1],
  flow: [1, -1]
}

function atPureNoise(predicts: Prediction, noise: number): ReturnType<Preconditioning['at']> {
  const found = OF_NOISE_ALONE[predicts]
  if (!found) throw new RangeError(`a network that predicts ${predicts} says nothing of the image at infinite noise`)
  const [skip, out] = found
  return { skip, out, in: 1, noise }
}

/** The last time below 1 of a flow that knows t = 1 itself. */
const BEFORE_PURE = 0.999

function noiseOf(noise: NoiseSpec): Noise {
  switch (noise.type) {
    case 'sigma': {
      const { sigmaMin, sigmaMax, told } = noise
      const names = {
        sigma: (sigma: number) => sigma,
        log: Math.log,
        'quarter-log': (sigma: number) => Math.log(sigma) / 4
      }
      return { sigmaMin, sigmaMax, alpha: () => 1, told: names[told] }
    }
    case 'steps': {
      const bars = alphaBars(noise.betas)
      const time = discreteTime(bars, noise.betas.between)
      const steps = bars.length
      const sigmaAt = (step: number) => time.sigma((step + 1) / steps)
      const told: ToldTime = { first: 0, last: steps - 1, sigma: sigmaAt }
      return {
        sigmaMin: sigmaAt(0),
        sigmaMax: sigmaAt(steps - 1),
        time: { ...time, told },
        alpha: sigma => 1 / Math.sqrt(sigma ** 2 + 1),
        told: sigma => within(told, wholeIfNear(steps * time.inverse(sigma) - 1))
      }
    }
    case 'flow':
      return flowNoise(noise)
    case 'angle': {
      const { first, last } = noise
      const time: ModelTime = {
        sigma: t => Math.tan((Math.PI * t) / 2),
        inverse: sigma => (2 / Math.PI) * Math.atan(sigma)
      }
      const told: ToldTime = { first, last, sigma: time.sigma }
      return {
        sigmaMin: time.sigma(first),
        sigmaMax: time.sigma(last),
        time: { ...time, told },
        alpha: sigma => 1 / Math.sqrt(sigma ** 2 + 1),
        told: sigma => within(told, time.inverse(sigma))
      }
    }
  }
}

function flowNoise(noise: Extract<NoiseSpec, { readonly type: 'flow' }>): Noise {
  const { times = 1, first = 0.001, last = 0.999, pure = last === 1 } = noise
  const end = last < 1 ? last : BEFORE_PURE
  if (first >= end) throw new EpdError('model-invalid', `noise.first must be below ${end}, found ${first}`)
  const time: ModelTime = {
    sigma: t => t / (1 - t),
    inverse: sigma => (sigma === Infinity ? 1 : sigma / (1 + sigma))
  }
  const told: ToldTime = {
    first: times * first,
    last: times * (pure ? 1 : last),
    sigma: each => time.sigma(each / times)
  }
  return {
    sigmaMin: time.sigma(first),
    sigmaMax: time.sigma(end),
    pureNoise: pure,
    time: { ...time, told },
    alpha: sigma => 1 / (1 + sigma),
    told: sigma => within(told, times * time.inverse(sigma))
  }
}

/** A network is told nothing beyond what it was trained with: past an end of its range it is told that end. */
function within({ first, last }: ToldTime, told: number): number {
  return Math.min(Math.max(told, first), last)
}

/** The distance by which rounding may miss the whole step that a noise level is of. */
const NEAR = 1e-9

function wholeIfNear(step: number): number {
  const whole = Math.round(step)
  return Math.abs(step - whole) < NEAR ? whole : step
}

/** alpha^2 of each step. @throws EpdError `model-invalid` where it does not fall from below 1 to above 0 */
export function alphaBars(betas: Betas): Float64Array {
  const { snrShift, zeroTerminal = false } = betas
  const plain = unshifted(betas)
  const shifted = snrShift === undefined ? plain : plain.map(bar => bar / (snrShift + (1 - snrShift) * bar))
  const bars = zeroTerminal ? endedAtZero(shifted) : shifted
  if (bars.length < 2 || !bars.every((bar, i) => bar > 0 && bar < (i > 0 ? bars[i - 1] : 1)))
    throw new EpdError('model-invalid', 'alphas_cumprod must be two or more numbers that fall from below 1 to above 0')
  return bars
}

function unshifted(betas: Betas): Float64Array {
  if ('alphaBars' in betas) return Float64Array.from(betas.alphaBars)
  let product = 1
  return Float64Array.from({ length: betas.steps }, (_, i) => (product *= 1 - betaOf(betas, i)))
}

function betaOf(betas: Exclude<Betas, { readonly alphaBars: unknown }>, i: number): number {
  const { steps } = betas
  const between = (from: number, to: number) => from + ((to - from) * i) / (steps - 1)
  switch (betas.schedule) {
    case 'linear':
      return between(betas.start, betas.end)
    case 'scaled-linear':
      return between(Math.sqrt(betas.start), Math.sqrt(betas.end)) ** 2
    case 'sigmoid':
      return betas.start + (betas.end - betas.start) / (1 + Math.exp(-between(-6, 6)))
    default: {
      const bar = BARS[betas.schedule]
      return Math.min(1 - bar((i + 1) / steps) / bar(i / steps), 0.999)
    }
  }
}

/** alpha^2 at a time from 0 to 1, up to a factor: Nichol & Dhariwal 2021, Eq. 17; and two more of diffusers. */
const BARS = {
  cosine: (t: number) => Math.cos((((t + 0.008) / 1.008) * Math.PI) / 2) ** 2,
  exponential: (t: number) => Math.exp(-12 * t),
  laplace: (t: number) => {
    const sign = t <= 0.5 ? 1 : -1
    const ratio = Math.exp(-0.5 * sign * Math.log(1 - 2 * Math.abs(0.5 - t) + 1e-6))
    return Math.sqrt(ratio / (1 + ratio))
  }
}

/**
 * alpha^2 at the last step of a chain that ends at 0, whose sigma would be infinite: as small as diffusers' solvers
 * take it.
 */
const ALMOST_ZERO = 2 ** -24

function endedAtZero(bars: Float64Array): Float64Array {
  const alphas = bars.map(Math.sqrt)
  const [first, last] = [alphas[0], alphas[alphas.length - 1]]
  const moved = alphas.map(alpha => (((alpha - last) * first) / (first - last)) ** 2)
  const before = moved.at(-2) ?? 1
  moved[moved.length - 1] = ALMOST_ZERO < before ? ALMOST_ZERO : before / 4
  return moved
}
