import type { DistillState } from '../distill/distill.js'
import type { Iteration } from '../distill/task.js'
import { EpdError } from '../errors.js'
import type { Denoiser } from '../models/denoiser.js'
import { positive, schedule } from '../solvers/schedule.js'
import { endsAtZero, type SolverSpec } from '../solvers/spec.js'
import type { StageContext } from './stage.js'

/** The time points of a student; where they are learned, those that it starts with. */
export function startingPoints(
  { student, startFrom }: { readonly student: SolverSpec; readonly startFrom?: string },
  model: Denoiser,
  { store, inputKey }: StageContext
): Float64Array {
  if (startFrom === undefined) return schedule({ ...student.schedule, numSteps: student.numSteps, model })
  const row = store.predictor(inputKey(startFrom))
  if (!row) throw new EpdError('not-found', `the time points of stage "${startFrom}" are not in the store; run again`)
  const above = positive(Float64Array.from(row.sigmas))
  return endsAtZero(student.schedule) ? Float64Array.of(...above, 0) : above
}

/** The line of an iteration. Losses are shown as root mean squares. */
export function describe({
  iteration,
  phase,
  step,
  loss,
  validationLoss,
  evaluations,
  accepted,
  damping
}: Iteration): string {
  const rms = (value: number) => Math.sqrt(value).toPrecision(4)
  return [
    `${iteration}`.padStart(3),
    phase === 'step' ? `step ${step ?? ''}` : phase,
    `rms loss ${rms(loss)}`,
    validationLoss === undefined ? '' : `validation ${rms(validationLoss)}`,
    `${evaluations.toLocaleString('en')} evaluations`,
    accepted ? 'accepted' : 'refused',
    damping === undefined ? '' : `damping ${damping.toPrecision(2)}`
  ]
    .filter(Boolean)
    .join('  ')
}

/** Whether it is a state; the key of the stage sees to it that the same optimiser of the same version has left it. */
export function isDistillState(value: unknown): value is DistillState {
  return typeof value === 'object' && value !== null && 'name' in value && 'iteration' in value
}
