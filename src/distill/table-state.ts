import { tableRows, type Table } from '../solvers/table.js'
import type { DistillState } from './optimiser.js'
import type { TableTask } from './table-fit.js'
import { withPoints } from './table-start.js'

/** Where the fit of a table stands: all that it needs to go on, beside its inputs. */
export interface TableState extends DistillState {
  readonly name: 'levenberg-marquardt'
  /** What is fitted: the rows that the start has, then with all points; or nothing any more. */
  readonly phase: 'rows' | 'points' | 'done'
  /** Iterations of this phase. */
  readonly round: number
  readonly table: Table
  /** The loss at this table; null before the phase's first iteration. */
  readonly loss: number | null
  readonly damping: number
  readonly difference: number | null
  readonly evaluations: number
  readonly best: Best | null
  /** Moves of this phase since the best one. */
  readonly stale: number
  /** Moves of this phase, one after the other, that hardly lowered the loss. */
  readonly slow: number
}

/** What did best on the validation trajectories. */
interface Best {
  readonly table: Table
  readonly loss: number
  readonly validationLoss: number
}

const DAMPING = 1e-2

/** The state before the first iteration, of which there may be so many in each phase. */
export function first({ setting: { student } }: TableTask, iterations: number): TableState {
  const wide = withPoints(student.start, student)
  const narrow = tableRows(wide).length > tableRows(student.start).length
  return {
    name: 'levenberg-marquardt',
    phase: iterations === 0 ? 'done' : narrow ? 'rows' : 'points',
    round: 0,
    iteration: 0,
    table: narrow ? student.start : wide,
    loss: null,
    damping: DAMPING,
    difference: null,
    evaluations: 0,
    best: null,
    stale: 0,
    slow: 0
  }
}

/** The state at the beginning of the next phase, or at the end. */
export function nextPhase({ setting: { student } }: TableTask, state: TableState): TableState {
  if (state.phase === 'points') return { ...state, phase: 'done' }
  const table = withPoints(state.best?.table ?? state.table, student)
  return { ...state, phase: 'points', round: 0, table, loss: null, damping: DAMPING, stale: 0, slow: 0 }
}
