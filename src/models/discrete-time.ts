import type { ModelTime } from './denoiser.js'

/**
 * The quantity that is linear between two steps of a chain: log alpha (Lu et al. 2022, arXiv 2206.00927, as the paper's
 * code has it), or log sigma, as diffusers and k-diffusion tell a network of steps that are not whole.
 */
export type BetweenSteps = 'log-alpha' | 'log-sigma'

/**
 * Continuous time of a variance-preserving chain that is known at steps: step i of N lies at (i + 1) / N, with alpha^2
 * = `alphaBar` and sigma = sqrt(1 / alpha^2 - 1). Before the first step and after the last the line between two steps
 * goes on.
 */
export function discreteTime(alphaBar: Float64Array, between: BetweenSteps = 'log-alpha'): ModelTime {
  const steps = alphaBar.length
  const { of, sigmaOf } = SCALES[between]
  // Falling, as alpha falls.
  const levels = alphaBar.map(bar => of(Math.sqrt(1 / bar - 1)))
  const segment = (place: number) => Math.min(Math.max(Math.floor(place), 0), steps - 2)
  return {
    sigma(time) {
      const place = time * steps - 1
      const i = segment(place)
      return sigmaOf(levels[i] + (place - i) * (levels[i + 1] - levels[i]))
    },
    inverse(sigma) {
      const level = of(sigma)
      const i = segment(before(levels, level))
      return (i + (level - levels[i]) / (levels[i + 1] - levels[i]) + 1) / steps
    }
  }
}

/** A function of sigma that falls, and sigma of it. */
const SCALES: Record<BetweenSteps, { of: (sigma: number) => number; sigmaOf: (level: number) => number }> = {
  'log-alpha': { of: sigma => -0.5 * Math.log1p(sigma ** 2), sigmaOf: level => Math.sqrt(Math.expm1(-2 * level)) },
  'log-sigma': { of: sigma => -Math.log(sigma), sigmaOf: level => Math.exp(-level) }
}

/** The last index whose value, of falling ones, is at least `value`; -1: none. */
function before(values: Float64Array, value: number): number {
  let [low, high] = [0, values.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (values[middle] >= value) low = middle + 1
    else high = middle
  }
  return low - 1
}
