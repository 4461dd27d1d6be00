import type { ModelTime } from './denoiser.js'

/**
 * Continuous time of a variance-preserving chain that is known at steps: step i of N lies at (i + 1) / N, and between steps
 * log alpha is linear, alpha^2 = `alphaBar` (Lu et al. 2022, arXiv 2206.00927, as the paper's code has it). sigma is
 * sqrt(1 / alpha^2 - 1). Before the first step the line goes on.
 */
export function discreteTime(alphaBar: Float64Array): ModelTime {
  const steps = alphaBar.length
  const logs = alphaBar.map(value => 0.5 * Math.log(value))
  const segment = (place: number) => Math.min(Math.max(Math.floor(place), 0), steps - 2)
  return {
    sigma(time) {
      const place = time * steps - 1
      const i = segment(place)
      return Math.sqrt(Math.expm1(-2 * (logs[i] + (place - i) * (logs[i + 1] - logs[i]))))
    },
    inverse(sigma) {
      const log = -0.5 * Math.log1p(sigma ** 2)
      const i = segment(before(logs, log))
      return (i + (log - logs[i]) / (logs[i + 1] - logs[i]) + 1) / steps
    }
  }
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
