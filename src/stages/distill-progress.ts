import type { DistillState } from '../distill/distill.js'
import type { Iteration } from '../distill/task.js'
import { EpdError } from '../errors.js'
import type { Denoiser } from '../models/denoiser.js'
import { positive, schedule } from '../solvers/schedule.js'
import { endsAtZero, pointsAboveZero, type SolverSpec } from '../solvers/spec.js'
import type { IterationRow } from '../store/store.js'
import type { Cost, StageContext } from './stage.js'

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

/** The steps of a student that are counted in the lines of its iterations. */
export function stepsOf(student: SolverSpec): number {
  return pointsAboveZero(student) - 1
}

/** What is fitted in each phase of a table, in words. */
const TABLE_PHASES = {
  few: 'table from a few of the trajectories',
  rows: 'table from all trajectories',
  points: 'table with all its points'
} as const

/** What a line tells of an iteration. The store keeps all of it, except what of a table was fitted. */
type ToldIteration = IterationRow & Pick<Iteration, 'tablePhase'>

/** What an iteration fits, in words; `steps`: the student's. Steps are counted from 1 here, and from 0 in a row. */
function fitted({ phase, step = 0, tablePhase }: ToldIteration, steps: number): string {
  if (tablePhase !== undefined) return TABLE_PHASES[tablePhase]
  if (phase === 'step') return `step ${step + 1} of ${steps}`
  return phase === 'final' ? `all ${steps} steps` : phase
}

/**
 * The line of an iteration. Losses are shown as root mean squares. That of a single step is called local: it is
 * measured at the end of that step, and cannot be compared with those of others.
 */
export function describe(row: ToldIteration, steps: number): string {
  const { iteration, phase, loss, validationLoss, evaluations, accepted, damping } = row
  const rms = (value: number) => Math.sqrt(value).toPrecision(4)
  return [
    `${iteration}`.padStart(3),
    fitted(row, steps),
    `${phase === 'step' ? 'local ' : ''}rms loss ${rms(loss)}`,
    validationLoss === undefined ? '' : `validation ${rms(validationLoss)}`,
    accepted === undefined ? '' : accepted ? 'accepted' : 'refused',
    `${evaluations.toLocaleString('en')} evaluations`,
    damping === undefined ? '' : `damping ${damping.toPrecision(2)}`
  ]
    .filter(Boolean)
    .join('  ')
}

/** Milliseconds between two reports of evaluations: small batches would make thousands of them. */
const APART = 100

/** The evaluations of a distillation as they are done. */
export interface Spending {
  /** Adds evaluations that a model has just done. */
  readonly add: (evaluations: number) => void
  /** Sets their number to what an iteration has counted. */
  readonly set: (evaluations: number) => void
}

/**
 * Reports evaluations of a distillation, `spent` before it goes on, now and then. Reported numbers never fall: what is
 * evaluated once more where it goes on is counted by no iteration.
 */
export function spending(
  { evaluations: total, atMost }: Cost,
  spent: number,
  onProgress: StageContext['onProgress']
): Spending {
  let [done, shown, last] = [spent, spent, -Infinity]
  const report = () => {
    shown = Math.min(Math.max(done, shown), total)
    last = performance.now()
    onProgress({ done: shown, total, unit: 'evaluations', atMost })
  }
  report()
  return {
    add(evaluations) {
      done += evaluations
      if (performance.now() - last >= APART) report()
    },
    set(evaluations) {
      done = evaluations
      report()
    }
  }
}

/** Whether it is a state; the key of the stage sees to it that the same optimiser of the same version has left it. */
export function isDistillState(value: unknown): value is DistillState {
  return typeof value === 'object' && value !== null && 'name' in value && 'iteration' in value
}
