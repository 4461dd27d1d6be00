import type { Table } from '../solvers/table.js'
import { ADAM_TRAITS, adamTotal, adamWithDefaults, type AdamOptions, type AdamSpec } from './adam-options.js'
import { batchAt } from './batches.js'
import type { Effort } from './effort.js'
import { adamStep, noMoments, type Moments } from './moments.js'
import { registered, type Course, type DistillState, type Position } from './optimiser.js'
import { resultBasis } from './table-coordinates.js'
import { lossOfTable, movedAlong, tableDifferenceCost, withTableDifference } from './table-fit.js'
import { linearised, linearisedCost } from './table-problem.js'
import { coordinatesOf, freeOf, tableTaskOf, type TableTask } from './table-task.js'
import { withPoints } from './table-start.js'
import { finite, type Iteration, type Outcome, type Task } from './task.js'

/** Where Adam stands on a table: all that it needs to go on, beside its inputs. */
interface TableAdamState extends DistillState, Moments {
  readonly name: 'adam'
  readonly table: Table
  readonly difference: number | null
  readonly evaluations: number
}

/** The learning rate at the start, in units of coordinates; it falls to 0 by a cosine. */
const LR = 0.02

/**
 * Adam on all numbers of a table, with the gradients of differences, from end to end. It is here to be compared with:
 * Levenberg-Marquardt reaches a lower loss with fewer evaluations.
 */
export const tableAdam = registered({
  ...ADAM_TRAITS,
  learns: ['table'],
  takesObjective: true,
  start: 'uniform',
  isState: (state: DistillState): state is TableAdamState => state.name === 'adam' && 'table' in state,
  specify: (options: AdamOptions | undefined) => adamWithDefaults(options, LR),
  cost,
  course
})

function course(given: Task, options: AdamOptions): Course<TableAdamState, Position<TableAdamState>> {
  const task = tableTaskOf(given)
  const spec = adamWithDefaults(options, LR)
  const seed = options.seed ?? given.seed
  return {
    start: first(task),
    enter: state => ({ state }),
    isDone: ({ iteration }) => iteration >= adamTotal(spec),
    iterate: ({ state }) => iterate(task, state, spec, seed),
    conclude: ({ state }) => conclude(task, state)
  }
}

function cost(options: AdamOptions, effort: Effort): number {
  const { training, validation, table } = effort
  if (!table) return 0
  const { batch } = adamWithDefaults(options, LR)
  const rows = table.layers.reduce((sum, count) => sum + count, 0)
  const each = linearisedCost(table.layers, table.free)
  return (
    tableDifferenceCost(effort, rows) +
    adamTotal(options) * Math.min(batch, training) * each +
    (training + validation) * rows
  )
}

function first(task: TableTask): TableAdamState {
  const { student } = task.setting
  const table = withPoints(student.start, student)
  const size = coordinatesOf(task, table).length + resultBasis(table, freeOf(task)).free.length
  return { ...noMoments(size), name: 'adam', iteration: 0, table, difference: null, evaluations: 0 }
}

async function iterate(
  task: TableTask,
  before: TableAdamState,
  { lr, betas, batch, ...options }: AdamSpec,
  seed: number
): Promise<{ position: Position<TableAdamState>; row: Iteration }> {
  const state = await withTableDifference(task, before)
  const { table, iteration, difference } = state
  const part = batchAt(task.training, batch, seed, iteration)
  const { normal, loss, evaluations } = await linearised(task, table, part, difference)
  const progress = iteration / adamTotal({ ...options, batch })
  const rate = lr * 0.5 * (1 + Math.cos(Math.PI * progress))
  const zeros = normal.gradient.map(() => 0)
  const slope = normal.gradient.map(value => 2 * value)
  const { values: move, moments } = adamStep(zeros, slope, state, rate, betas)
  const moved = movedAlong(task, table, move)
  const counted = state.evaluations + evaluations
  return {
    position: {
      state: { ...state, ...moments, table: moved, iteration: iteration + 1, evaluations: counted }
    },
    row: { iteration: iteration + 1, phase: 'adam', loss: finite(loss), evaluations: counted, accepted: true }
  }
}

async function conclude(task: TableTask, { table, evaluations }: TableAdamState): Promise<Outcome> {
  const { training, validation } = task
  const { loss, evaluations: walked } = await lossOfTable(task, table, training)
  const held = validation && (await lossOfTable(task, table, validation))
  return {
    learned: table,
    loss,
    validationLoss: held?.loss,
    evaluations: evaluations + walked + (held?.evaluations ?? 0)
  }
}
