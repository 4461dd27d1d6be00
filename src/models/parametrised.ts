import type { Condition, Denoiser, Shape } from './denoiser.js'
import { combine } from './network-denoiser.js'
import { parametrisation, type NoiseSpec, type Prediction } from './parametrisation.js'

/** A function, with what it was trained on and trained to answer. */
export interface ParametrisedOptions {
  readonly shape: Shape
  /** The number of classes; default: 0. */
  readonly labelDim?: number
  readonly predicts: Prediction
  readonly noise: NoiseSpec
  /** Answers noisy images x_t, [batch, ...shape], that are told their noise, [batch]. */
  readonly predict: (x: Float64Array, told: Float64Array, condition?: Condition) => Promise<Float64Array>
}

/**
 * A model of a function that was trained on other noisy images than x0 + sigma n, or to answer otherwise than with
 * the clean image (Karras et al. 2022, arXiv 2206.00364, Table 1, has the common cases). It computes in double
 * precision.
 */
export function parametrised({ shape, labelDim = 0, predicts, noise, predict }: ParametrisedOptions): Denoiser {
  const mapping = parametrisation(predicts, noise)
  const size = shape[0] * shape[1] * shape[2]
  return {
    ...{ shape, labelDim, nfeFactor: 1 },
    ...{ sigmaMin: mapping.sigmaMin, sigmaMax: mapping.sigmaMax, time: mapping.time, bounded: mapping.bounded },
    ...(mapping.pureNoise && { pureNoise: mapping.pureNoise }),
    async denoise(x, sigma, condition) {
      const coefficients = Array.from(sigma, mapping.at)
      const scaled = x.map((value, i) => coefficients[Math.floor(i / size)].in * value)
      const told = Float64Array.from(coefficients, ({ noise: level }) => level)
      return combine(mapping, size, x, sigma, await predict(scaled, told, condition))
    },
    close: () => Promise.resolve()
  }
}
