import { EpdError } from '../errors.js'
import { parametrisation, type Betas, type Prediction } from './parametrisation.js'
import type { ModelFamily, Preconditioning } from './preconditioning.js'

const PREDICTIONS: readonly Prediction[] = ['epsilon', 'v', 'x0']

/**
 * A network at the steps of a variance-preserving chain, as latent diffusion (Rombach et al. 2022) and diffusers have
 * it. `betas` is a chain as parametrisation.ts has it, and `predicts` what the network answers.
 */
export const STEPWISE: ModelFamily = { className: 'Stepwise', precondition: stepwise }

function stepwise(
  _: (name: string, otherwise: number) => number,
  { betas, predicts }: Readonly<Record<string, unknown>>
): Preconditioning {
  const prediction = PREDICTIONS.find(known => known === predicts)
  if (!prediction || !isBetas(betas))
    throw new EpdError(
      'model-invalid',
      `the checkpoint's betas and predicts must be a chain and one of ${PREDICTIONS.join(', ')}`
    )
  return parametrisation(prediction, { type: 'steps', betas })
}

function isBetas(value: unknown): value is Betas {
  return (
    typeof value === 'object' && value !== null && ('alphaBars' in value || ('schedule' in value && 'steps' in value))
  )
}
