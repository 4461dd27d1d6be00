import { EpdError } from '../errors.js'
import { discreteTime } from './discrete-time.js'
import type { ModelTime, ToldTime } from './denoiser.js'
import type { Preconditioning } from './preconditioning.js'

/** What a network answers: the noise n, v = alpha n - s x0 (Salimans & Ho 2022), the clean image, or a flow's velocity n - x0. */
export type Prediction = 'epsilon' | 'v' | 'x0' | 'flow'

/** The noisy images that a network was trained on, x_t = alpha x0 + s n, and how it is told how noisy they are. */
export type NoiseSpec =
  /** alpha = 1, s = sigma; told sigma, its logarithm, or a quarter of that. */
  | {
      readonly type: 'sigma'
      readonly told: 'sigma' | 'log' | 'quarter-log'
      readonly sigmaMin: number
      readonly sigmaMax: number
    }
  /** alpha^2 + s^2 = 1; told the step, 0 to steps - 1, and between two what lies between unless that is rounded to the nearest. */
  | { readonly type: 'steps'; readonly betas: Betas; readonly rounding?: Rounding }
  /**
   * alpha = 1 - t, s = t; told t times `times` (default: 1). t lies between `first` (0.001) and `last` (0.999), below 1, where sigma is
   * infinite.
   */
  | { readonly type: 'flow'; readonly times?: number; readonly first?: number; readonly last?: number }

/** What becomes of a step that is not whole: it is told as it is, or the nearest whole one is told. */
export type Rounding = 'none' | 'nearest'

/** How much noise each step of a variance-preserving chain adds, or alpha^2 of each step itself. */
export type Betas =
  | {
      readonly schedule: 'linear' | 'scaled-linear'
      readonly start: number
      readonly end: number
      readonly steps: number
    }
  | { readonly schedule: 'cosine'; readonly steps: number }
  | { readonly alphaBars: readonly number[] }

/** A network's noise in terms of sigma = s / alpha. */
interface Noise {
  readonly sigmaMin: number
  readonly sigmaMax: number
  readonly time?: ModelTime
  readonly alpha: (sigma: number) => number
  readonly told: (sigma: number) => number
}

/**
 * D(x; sigma) of a network that was trained on other noisy images, and to answer otherwise. With x = x_t / alpha and n = (x - x0) / sigma
 * each prediction F is solved for x0; nothing is approximated.
 */
export function parametrisation(predicts: Prediction, noise: NoiseSpec): Preconditioning {
  const { sigmaMin, sigmaMax, time, alpha, told } = noiseOf(noise)
  const skipAndOut = SKIP_AND_OUT[predicts]
  const exact: Preconditioning = {
    ...{ sigmaMin, sigmaMax, time, bounded: noise.type !== 'sigma' },
    at(sigma) {
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
  flow: sigma => [1 / (1 + sigma), -sigma / (1 + sigma)]
}

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
      const time = discreteTime(bars)
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
    case 'flow': {
      const { times = 1, first = 0.001, last = 0.999 } = noise
      const time: ModelTime = { sigma: t => t / (1 - t), inverse: sigma => sigma / (1 + sigma) }
      const told: ToldTime = { first: times * first, last: times * last, sigma: each => time.sigma(each / times) }
      return {
        sigmaMin: time.sigma(first),
        sigmaMax: time.sigma(last),
        time: { ...time, told },
        alpha: sigma => 1 / (1 + sigma),
        told: sigma => within(told, times * time.inverse(sigma))
      }
    }
  }
}

/** A network is told nothing beyond what it was trained with: past an end of its range it is told that end. */
function within({ first, last }: ToldTime, told: number): number {
  return Math.min(Math.max(told, first), last)
}

/** How far rounding may put a step beside the whole one that its noise level is of. */
const NEAR = 1e-9

function wholeIfNear(step: number): number {
  const whole = Math.round(step)
  return Math.abs(step - whole) < NEAR ? whole : step
}

/**
 * alpha^2 of each step: by linear betas (Ho et al. 2020), by betas whose roots are linear (Rombach et al. 2022), or by a cosine (Nichol &
 * Dhariwal 2021, Eq. 17).
 */
export function alphaBars(betas: Betas): Float64Array {
  if ('alphaBars' in betas) {
    if (
      betas.alphaBars.length < 2 ||
      !betas.alphaBars.every((bar, i, all) => bar > 0 && bar < (i > 0 ? all[i - 1] : 1))
    )
      throw new EpdError(
        'model-invalid',
        'alphas_cumprod must be two or more numbers that fall from below 1 to above 0'
      )
    return Float64Array.from(betas.alphaBars)
  }
  const { steps } = betas
  const bar = (t: number) => Math.cos((((t + 0.008) / 1.008) * Math.PI) / 2) ** 2
  const between = (from: number, to: number, i: number) => from + ((to - from) * i) / (steps - 1)
  const beta = (i: number) => {
    if (betas.schedule === 'cosine') return Math.min(1 - bar((i + 1) / steps) / bar(i / steps), 0.999)
    const { start, end } = betas
    return betas.schedule === 'linear' ? between(start, end, i) : between(Math.sqrt(start), Math.sqrt(end), i) ** 2
  }
  let product = 1
  return Float64Array.from({ length: steps }, (_, i) => (product *= 1 - beta(i)))
}
