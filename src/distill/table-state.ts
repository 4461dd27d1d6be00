import { tableRows, type Table } from '../solvers/table.js'
import type { DistillState } from './optimiser.js'
import type { ComparedTable } from './table-fit.js'
import type { TableTask } from './table-task.js'
import { withPoints } from './table-start.js'
import { pick } from './trajectories.js'

/** Where the fit of a table stands: all that it needs to go on, beside its inputs. */
export interface TableState extends DistillState {
  readonly name: 'levenberg-marquardt'
  /**
   * What is fitted: the rows that the start has, first to a few of the trajectories and then to all; all points, where
   * they are more; or nothing any more.
   */
  readonly phase: 'few' | 'rows' | 'points' | 'done'
  /** Iterations of this phase. */
  readonly round: number
  readonly table: Table
  /** The loss of each trajectory of the phase at this table; null before the phase's first iteration. */
  readonly each: readonly number[] | null
  readonly damping: number
  readonly difference: number | null
  readonly evaluations: number
  readonly best: Best | null
  /**
   * Moves of this phase, one after the other, to tables that validation told against. On a few of the trajectories a
   * move counts whose validation losses are not the least so far, by their mean logarithm: what is learned from few fits
   * them alone before long.
   */
  readonly stale: number
  /** Moves of this phase, one after the other, that hardly lowered the loss. */
  readonly slow: number
}

/** The table that is kept, with the losses that others are judged by. */
interface Best {
  readonly table: Table
  readonly validationLoss: number
  /** The validation loss above which nothing is kept: that of the start, or of the table before points were added. */
  readonly start: number
  /** The losses of the validation trajectories with the table that did best on them. */
  readonly least: readonly number[]
}

/**
 * What is known after the table of a state was validated. A table that fits the training trajectories better is kept
 * unless validation tells against it: unless it does worse there than the table that does best, by more than the
 * standard error of the difference between the two. The difference is of logarithms, trajectory by trajectory: a few
 * trajectories make up most of a loss, so that differences of losses tell of those few, and the smallest of many losses
 * is in good part chance.
 */
export function judged(
  state: TableState,
  { table, loss: validationLoss, each }: ComparedTable
): Pick<TableState, 'best' | 'stale'> {
  const { best, stale } = state
  if (!best) return { best: { table, validationLoss, start: validationLoss, least: each }, stale }
  const isLeast = mean(logRatios(each, best.least)) < 0
  const isKept = validationLoss <= best.start && !isWorse(each, best.least)
  const kept = isKept ? { ...best, table, validationLoss } : best
  const goesOn = state.phase === 'few' ? isLeast : isKept
  return { best: { ...kept, least: isLeast ? each : best.least }, stale: goesOn ? 0 : stale + 1 }
}

/** Whether losses are larger than others by more than the standard error of the mean difference of their logarithms. */
function isWorse(losses: readonly number[], others: readonly number[]): boolean {
  const differences = logRatios(losses, others)
  const middle = mean(differences)
  const variance = mean(differences.map(value => (value - middle) ** 2))
  return middle > Math.sqrt(variance / differences.length)
}

/** How much larger losses are than others, trajectory by trajectory, as logarithms. */
function logRatios(losses: readonly number[], others: readonly number[]): number[] {
  return losses.map((loss, i) => Math.log(positive(loss) / positive(others[i])))
}

/** A loss of exactly 0 has no logarithm. */
function positive(loss: number): number {
  return Math.max(loss, Number.MIN_VALUE)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

const DAMPING = 1e-2

/** The state before the first iteration, of which there may be so many in each phase. */
export function first({ setting: { student } }: TableTask, iterations: number): TableState {
  // What a student cannot start from is refused before anything is evaluated.
  withPoints(student.start, student)
  return {
    name: 'levenberg-marquardt',
    phase: iterations === 0 ? 'done' : 'few',
    round: 0,
    iteration: 0,
    table: student.start,
    each: null,
    damping: DAMPING,
    difference: null,
    evaluations: 0,
    best: null,
    stale: 0,
    slow: 0
  }
}

/** The most trajectories that the first phase is fitted to. */
const FEW = 96

/**
 * How many of the trajectories the first phase is fitted to: they bring a table most of the way at half the cost, or
 * less.
 */
export function firstLessons(training: number): number {
  return Math.min(Math.ceil(training / 2), FEW)
}

/** A task with the trajectories that a phase is fitted to. */
export function lessonsOf(task: TableTask, phase: TableState['phase']): TableTask {
  if (phase !== 'few') return task
  const { training } = task
  const count = firstLessons(training.seeds.length)
  return { ...task, training: pick(training, [...training.seeds.keys()].slice(0, count)) }
}

/** The state at the beginning of the next phase, or at the end. */
export function nextPhase({ setting: { student } }: TableTask, state: TableState): TableState {
  const table = state.best?.table ?? state.table
  const fresh = { ...state, round: 0, each: null, damping: DAMPING, stale: 0, slow: 0 }
  if (state.phase === 'few') return { ...fresh, phase: 'rows', table }
  const wide = withPoints(table, student)
  const more = tableRows(wide).length > tableRows(table).length
  if (state.phase !== 'rows' || !more) return { ...state, phase: 'done' }
  const best = state.best && { ...state.best, start: state.best.validationLoss }
  return { ...fresh, best, phase: 'points', table: wide }
}
