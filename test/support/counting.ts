import type { Denoiser } from '../../src/models/denoiser.js'

/** A model that counts the single samples that it is asked for. */
export function counting(model: Denoiser): Denoiser & { readonly asked: () => number } {
  let evaluations = 0
  return {
    ...model,
    asked: () => evaluations,
    denoise(x, sigma, condition) {
      evaluations += sigma.length
      return model.denoise(x, sigma, condition)
    }
  }
}
