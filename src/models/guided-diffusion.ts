import { parametrisation } from './parametrisation.js'
import type { ModelFamily, Preconditioning } from './preconditioning.js'

const STEPS = 1000

/**
 * guided-diffusion (Dhariwal & Nichol 2021): a network that predicts the noise at steps of a variance-preserving chain,
 * by linear betas (Ho et al. 2020) or a cosine (Nichol & Dhariwal 2021, Eq. 17).
 */
export const GUIDED_DIFFUSION: ModelFamily = { className: 'GuidedDiffusion', precondition: guidedDiffusion }

function guidedDiffusion(
  _: (name: string, otherwise: number) => number,
  kwargs: Readonly<Record<string, unknown>>
): Preconditioning {
  const cosine = kwargs.noise_schedule === 'cosine'
  const betas = cosine
    ? ({ schedule: 'cosine', steps: STEPS } as const)
    : ({ schedule: 'linear', start: 1e-4, end: 0.02, steps: STEPS } as const)
  return { ...parametrisation('epsilon', { type: 'steps', betas }), learnedVariance: kwargs.learn_sigma === true }
}
