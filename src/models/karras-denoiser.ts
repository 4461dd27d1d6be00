import { edm } from './edm.js'
import type { Preconditioning } from './preconditioning.js'

/** The diffusion models of consistency models (Song et al. 2023): EDM's, but the network reads 1000 times EDM's noise level. */
export function karrasDenoiser(argument: (name: string, otherwise: number) => number): Preconditioning {
  const { at, ...range } = edm(argument)
  return {
    ...range,
    at(sigma) {
      const coefficients = at(sigma)
      return { ...coefficients, noise: 1000 * coefficients.noise }
    }
  }
}
