import { tableRows, type Table } from '../solvers/table.js'
import type { DistillState } from './optimiser.js'
import type { ComparedTable, TableTask } from './table-fit.js'
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
  /** Moves of this phase, one after the other, to tables that validation told against. */
  readonly stale: number
  /** Moves of this phase, one after the other, that hardly lowered the loss. */
  readonly slow: number
  /** Whether the linear problem is taken on a part of the trajectories, another one in each iteration. */
  readonly partial: boolean
}

/** The table that is kept, with the losses that others are judged by. */
interface Best {
  readonly table: Table
  readonly loss: number
  readonly validationLoss: number
  /** The validation loss of the start, above which nothing is kept. */
  readonly start: number
  /** The losses of the validation trajectories with the table that did best on them. */
  readonly least: readonly number[]
}

/**
 * The state after a table was validated. A table that fits the training trajectories better is kept unless validation
 * tells against it: unless it does worse there than the table that does best, by more than twice the standard error of the difference
 * between the two, trajectory by trajectory. A few trajectories make up most of a loss, so that the smallest of many validation
 * losses is in good part chance.
 */
export function judged(
  state: TableState,
  loss: number,
  { table, loss: validationLoss, each }: ComparedTable
): TableState {
  const { best } = state
  if (!best) return { ...state, best: { table, loss, validationLoss, start: validationLoss, least: each } }
  const least = mean(each) < mean(best.least) ? each : best.least
  if (validationLoss > best.start || isWorse(each, best.least))
    return { ...state, best: { ...best, least }, stale: state.stale + 1 }
  return { ...state, best: { table, loss, validationLoss, start: best.start, least }, stale: 0 }
}

/** Whether losses are larger than others by more than twice the standard error of the mean difference. */
function isWorse(losses: readonly number[], others: readonly number[]): boolean {
  const differences = losses.map((value, i) => value - others[i])
  const middle = mean(differences)
  const variance = mean(differences.map(value => (value - middle) ** 2))
  return middle > 2 * Math.sqrt(variance / differences.length)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

const DAMPING = 1e-2
/** The share of the trajectories on which a linear problem is taken at first; every loss is that of all of them. */
export const PART = 1 / 4

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
    slow: 0,
    partial: true
  }
}

/** The state at the beginning of the next phase, or at the end. */
export function nextPhase({ setting: { student } }: TableTask, state: TableState): TableState {
  if (state.phase === 'points') return { ...state, phase: 'done' }
  const table = withPoints(state.best?.table ?? state.table, student)
  return { ...state, phase: 'points', round: 0, table, loss: null, damping: DAMPING, stale: 0, slow: 0, partial: true }
}

/** A state that has come as far as parts of the trajectories lead. */
export function wholly(state: TableState): TableState {
  return { ...state, partial: false, slow: 0, damping: DAMPING }
}
