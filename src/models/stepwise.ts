import { isRecord } from '../checkpoints/tensor.js'
import { EpdError } from '../errors.js'
import { argumentsOf } from '../networks/arguments.js'
import { parametrisation, type Betas, type Prediction } from './parametrisation.js'
import type { ModelFamily, Preconditioning } from './preconditioning.js'
import { chainSteps } from './steps.js'

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
  if (!prediction || !isRecord(betas))
    throw new EpdError(
      'model-invalid',
      `the checkpoint's betas and predicts must be a chain and one of ${PREDICTIONS.join(', ')}`
    )
  return parametrisation(prediction, { type: 'steps', betas: betasOf(betas) })
}

const SCHEDULES = ['linear', 'scaled-linear', 'sigmoid', 'cosine', 'exponential', 'laplace'] as const

/** @throws EpdError `model-invalid` that names a value of the wrong kind */
function betasOf(given: Readonly<Record<string, unknown>>): Betas {
  const where = "the checkpoint's betas."
  const read = argumentsOf(given, where)
  const more = {
    ...(given.snrShift !== undefined && { snrShift: read.number('snrShift') }),
    ...(given.zeroTerminal !== undefined && { zeroTerminal: read.flag('zeroTerminal') }),
    ...(given.between !== undefined && { between: read.text('between', ['log-alpha', 'log-sigma']) })
  }
  if (given.alphaBars !== undefined) return { alphaBars: read.numbers('alphaBars'), ...more }
  const schedule = read.text('schedule', SCHEDULES)
  const steps = chainSteps(read.number('steps'), `${where}steps`)
  if (schedule === 'cosine' || schedule === 'exponential' || schedule === 'laplace') return { schedule, steps, ...more }
  return { schedule, start: read.number('start'), end: read.number('end'), steps, ...more }
}
