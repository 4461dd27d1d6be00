import { discreteTime } from './discrete-time.js'
import type { Preconditioning } from './preconditioning.js'

const STEPS = 1000

/**
 * guided-diffusion (Dhariwal & Nichol 2021): a network that predicts the noise at steps of a variance-preserving chain, by linear
 * betas (Ho et al. 2020) or a cosine (Nichol & Dhariwal 2021, Eq. 17).
 */
export function guidedDiffusion(
  _: (name: string, otherwise: number) => number,
  kwargs: Readonly<Record<string, unknown>>
): Preconditioning {
  const time = discreteTime(kwargs.noise_schedule === 'cosine' ? cosine() : linear())
  return {
    sigmaMin: time.sigma(1 / STEPS),
    sigmaMax: time.sigma(1),
    time,
    learnedVariance: kwargs.learn_sigma === true,
    at: sigma => ({
      skip: 1,
      out: -sigma,
      in: 1 / Math.sqrt(sigma ** 2 + 1),
      noise: STEPS * time.inverse(sigma) - 1
    })
  }
}

function linear(): Float64Array {
  let product = 1
  return Float64Array.from({ length: STEPS }, (_, i) => (product *= 1 - (1e-4 + ((0.02 - 1e-4) * i) / (STEPS - 1))))
}

function cosine(): Float64Array {
  const bar = (t: number) => Math.cos((((t + 0.008) / 1.008) * Math.PI) / 2) ** 2
  let product = 1
  return Float64Array.from(
    { length: STEPS },
    (_, i) => (product *= 1 - Math.min(1 - bar((i + 1) / STEPS) / bar(i / STEPS), 0.999))
  )
}
