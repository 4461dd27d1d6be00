import type { ModelFamily, Preconditioning } from './preconditioning.js'
import { chainSteps } from './steps.js'

/**
 * The variance-preserving SDE (Song et al. 2021; Karras et al. 2022, Table 1):
 * sigma(t) = sqrt(exp(beta_d t^2 / 2 + beta_min t) - 1).
 */
export const VP: ModelFamily = { className: 'VPPrecond', precondition: vp }

function vp(argument: (name: string, otherwise: number) => number): Preconditioning {
  const betaD = argument('beta_d', 19.9)
  const betaMin = argument('beta_min', 0.1)
  const steps = chainSteps(argument('M', 1000), "the checkpoint's M")
  const time = {
    sigma: (t: number) => Math.sqrt(Math.expm1(0.5 * betaD * t ** 2 + betaMin * t)),
    inverse: (sigma: number) => (Math.sqrt(betaMin ** 2 + 2 * betaD * Math.log1p(sigma ** 2)) - betaMin) / betaD
  }
  const last = steps - 1
  const first = argument('epsilon_t', 1e-5)
  return {
    sigmaMin: time.sigma(first),
    sigmaMax: time.sigma(1),
    time: { ...time, told: { first: last * first, last, sigma: told => time.sigma(told / last) } },
    at: sigma => ({
      skip: 1,
      out: -sigma,
      in: 1 / Math.sqrt(sigma ** 2 + 1),
      noise: last * Math.min(time.inverse(sigma), 1)
    })
  }
}
