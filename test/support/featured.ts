import type { Denoiser } from '../../src/models/denoiser.js'
import { mixture } from './mixture.js'

/** Numbers of a sample's features. */
export const FEATURES = 6

/** The mixture with something to show of each sample, which depends on nothing else. */
export const featured: Denoiser = {
  ...mixture,
  features: {
    size: FEATURES,
    async denoise(x, sigma) {
      const size = x.length / sigma.length
      const features = Float64Array.from({ length: FEATURES * sigma.length }, (_, i) =>
        Math.tanh(x[Math.floor(i / FEATURES) * size + (i % FEATURES)] / (1 + sigma[Math.floor(i / FEATURES)]))
      )
      return { denoised: await mixture.denoise(x, sigma), features }
    }
  }
}
