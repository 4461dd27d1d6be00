import type { ModelFamily, Preconditioning } from './preconditioning.js'

/** The variance-exploding SDE (Song et al. 2021; Karras et al. 2022, Table 1). */
export const VE: ModelFamily = { className: 'VEPrecond', precondition: ve }

function ve(argument: (name: string, otherwise: number) => number): Preconditioning {
  return {
    sigmaMin: argument('sigma_min', 0.02),
    sigmaMax: argument('sigma_max', 100),
    time: { sigma: Math.sqrt, inverse: sigma => sigma ** 2 },
    at: sigma => ({ skip: 1, out: sigma, in: 1, noise: Math.log(0.5 * sigma) })
  }
}
