import { edm } from './edm.js'
import type { ModelFamily, Preconditioning } from './preconditioning.js'

/**
 * The diffusion models of consistency models (Song et al. 2023): EDM's, but the network reads 1000 times its noise
 * level.
 */
export const KARRAS_DENOISER: ModelFamily = { className: 'KarrasDenoiser', precondition: karrasDenoiser }

function karrasDenoiser(argument: (name: string, otherwise: number) => number): Preconditioning {
  const { at, ...range } = edm(argument)
  return {
    ...range,
    at(sigma) {
      const coefficients = at(sigma)
      return { ...coefficients, noise: 1000 * coefficients.noise }
    }
  }
}
