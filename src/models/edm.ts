import type { ModelFamily, Preconditioning } from './preconditioning.js'

/**
 * EDM's preconditioning (Karras et al. 2022, Table 1). A network of diffusers may answer with the other sign
 * (`predicts: v`), and may be told an angle, 2 / pi atan(sigma) (`told: angle`).
 */
export const EDM: ModelFamily = { className: 'EDMPrecond', precondition: edm }

export function edm(
  argument: (name: string, otherwise: number) => number,
  { predicts, told }: Readonly<Record<string, unknown>> = {}
): Preconditioning {
  const data = argument('sigma_data', 0.5)
  const sign = predicts === 'v' ? -1 : 1
  const noise = told === 'angle' ? (sigma: number) => (2 / Math.PI) * Math.atan(sigma) : quarterLog
  return {
    sigmaMin: argument('sigma_min', 0),
    sigmaMax: argument('sigma_max', Infinity),
    at(sigma) {
      const variance = sigma ** 2 + data ** 2
      return {
        skip: data ** 2 / variance,
        out: (sign * sigma * data) / Math.sqrt(variance),
        in: 1 / Math.sqrt(variance),
        noise: noise(sigma)
      }
    }
  }
}

function quarterLog(sigma: number): number {
  return Math.log(sigma) / 4
}
