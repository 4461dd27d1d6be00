import type { Denoiser, Shape } from './denoiser.js'

/** A mixture of Gaussians with diagonal covariances, and the size of one sample. */
export interface MixtureOptions {
  /** One a component; normalised here. */
  readonly weights: readonly number[]
  /** [components][channels * height * width] */
  readonly means: readonly (readonly number[])[]
  /** Standard deviations, of the size of `means`. */
  readonly stds: readonly (readonly number[])[]
  readonly shape: Shape
}

/**
 * A mixture of Gaussians with diagonal covariances as data distribution: its denoiser in closed form, in float64. At
 * noise sigma, component k has variance s^2 + sigma^2 and posterior mean (sigma^2 m + s^2 x) / (s^2 + sigma^2), and
 * counts by its posterior probability. At infinite noise the answer is the mean of the data.
 */
export function gaussianMixture({ weights, means, stds, shape }: MixtureOptions): Denoiser {
  const size = shape[0] * shape[1] * shape[2]
  const same = means.length === weights.length && stds.length === weights.length
  if (!same || ![...means, ...stds].every(row => row.length === size))
    throw new RangeError(`gaussianMixture: each of ${weights.length} components needs ${size} means and stds`)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const mean = Float64Array.from({ length: size }, (_, i) =>
    weights.reduce((sum, weight, k) => sum + (weight / total) * means[k][i], 0)
  )
  return {
    shape,
    labelDim: 0,
    sigmaMin: 0.002,
    sigmaMax: 80,
    pureNoise: true,
    nfeFactor: 1,
    denoise(x, sigma) {
      const denoised = new Float64Array(x.length)
      for (let b = 0; b < sigma.length; b++) {
        const row = denoised.subarray(b * size, (b + 1) * size)
        if (sigma[b] === Infinity) row.set(mean)
        else posteriorMean(row, x.subarray(b * size, (b + 1) * size), sigma[b] ** 2)
      }
      return Promise.resolve(denoised)
    },
    close: () => Promise.resolve()
  }

  function posteriorMean(out: Float64Array, x: Float64Array, noise: number): void {
    const logs = weights.map((weight, k) => Math.log(weight) + logDensity(x, means[k], stds[k], noise))
    const largest = Math.max(...logs)
    const shares = logs.map(value => Math.exp(value - largest))
    const total = shares.reduce((sum, share) => sum + share, 0)
    shares.forEach((share, k) => {
      for (let i = 0; i < size; i++) {
        const variance = stds[k][i] ** 2
        out[i] += ((share / total) * (noise * means[k][i] + variance * x[i])) / (variance + noise)
      }
    })
  }
}

function logDensity(x: Float64Array, mean: readonly number[], std: readonly number[], noise: number): number {
  let sum = 0
  for (let i = 0; i < x.length; i++) {
    const variance = std[i] ** 2 + noise
    sum -= (x[i] - mean[i]) ** 2 / (2 * variance) + 0.5 * Math.log(variance)
  }
  return sum
}
