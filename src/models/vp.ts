import type { Preconditioning } from './preconditioning.js'

/** Variance-preserving SDE (Song et al. 2021; Karras et al. 2022, Table 1): sigma(t) = sqrt(exp(beta_d t^2 / 2 + beta_min t) - 1). */
export function vp(argument: (name: string, otherwise: number) => number): Preconditioning {
  const betaD = argument('beta_d', 19.9)
  const betaMin = argument('beta_min', 0.1)
  const steps = argument('M', 1000)
  const time = {
    sigma: (t: number) => Math.sqrt(Math.expm1(0.5 * betaD * t ** 2 + betaMin * t)),
    inverse: (sigma: number) => (Math.sqrt(betaMin ** 2 + 2 * betaD * Math.log1p(sigma ** 2)) - betaMin) / betaD
  }
  return {
    sigmaMin: time.sigma(argument('epsilon_t', 1e-5)),
    sigmaMax: time.sigma(1),
    time,
    at: sigma => ({
      skip: 1,
      out: -sigma,
      in: 1 / Math.sqrt(sigma ** 2 + 1),
      noise: (steps - 1) * Math.min(time.inverse(sigma), 1)
    })
  }
}
