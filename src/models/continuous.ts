import { isRecord } from '../checkpoints/tensor.js'
import { EpdError } from '../errors.js'
import { parametrisation, type NoiseSpec, type Prediction } from './parametrisation.js'
import type { ModelFamily, Preconditioning } from './preconditioning.js'

const PREDICTIONS: readonly Prediction[] = ['epsilon', 'v', 'x0', 'flow', 'score']

/** A network in continuous time: `noise` says which noisy images it was trained on, and `predicts` what it answers. */
export const CONTINUOUS: ModelFamily = { className: 'Continuous', precondition: continuous }

function continuous(
  _: (name: string, otherwise: number) => number,
  { noise, predicts }: Readonly<Record<string, unknown>>
): Preconditioning {
  const prediction = PREDICTIONS.find(known => known === predicts)
  const found = noiseOf(noise)
  if (!prediction || !found)
    throw new EpdError(
      'model-invalid',
      "the checkpoint's noise must be of type sigma, flow or angle with its ends, and its predicts one of " +
        PREDICTIONS.join(', ')
    )
  return parametrisation(prediction, found)
}

function noiseOf(noise: unknown): NoiseSpec | undefined {
  if (!isRecord(noise)) return undefined
  const { type, sigmaMin, sigmaMax, times, first, last } = noise
  if (type === 'sigma' && isNumber(sigmaMin) && isNumber(sigmaMax)) return { type, told: 'sigma', sigmaMin, sigmaMax }
  if (!isNumber(first) || !isNumber(last)) return undefined
  // The schedulers of flows begin at t = 1 themselves.
  if (type === 'flow' && isNumber(times)) return { type, times, first, last, pure: true }
  return type === 'angle' ? { type, first, last } : undefined
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}
