import type { Preconditioning } from './preconditioning.js'

/** EDM preconditioning (Karras et al. 2022, Table 1). */
export function edm(argument: (name: string, otherwise: number) => number): Preconditioning {
  const data = argument('sigma_data', 0.5)
  return {
    sigmaMin: argument('sigma_min', 0),
    sigmaMax: argument('sigma_max', Infinity),
    at(sigma) {
      const variance = sigma ** 2 + data ** 2
      return {
        skip: data ** 2 / variance,
        out: (sigma * data) / Math.sqrt(variance),
        in: 1 / Math.sqrt(variance),
        noise: Math.log(sigma) / 4
      }
    }
  }
}
