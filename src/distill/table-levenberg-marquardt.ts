import { tableRows, type Table } from '../solvers/table.js'
import type { Effort, TableEffort } from './effort.js'
import type { LevenbergMarquardtOptions } from './levenberg-marquardt-state.js'
import { registered, type Course, type DistillState, type Extent, type Position } from './optimiser.js'
import { first, firstLessons, judged, lessonsOf, nextPhase, type TableState } from './table-state.js'
import { lossOfTable, tableDifferenceCost, withBestResult, withTableDifference } from './table-fit.js'
import { linearisedCost } from './table-problem.js'
import { tableTaskOf, type TableTask } from './table-task.js'
import { weightedMean, weightsOf } from './table-weights.js'
import { moved, TRIES } from './table-moves.js'
import { withPoints } from './table-start.js'
import { finite, type Iteration, type Outcome, type Task } from './task.js'

/** Options with their defaults, as an experiment states them. */
export interface TableFitSpec {
  readonly name: 'levenberg-marquardt'
  readonly finalIterations: number
}

type Here = Position<TableState>

/** The most iterations of each phase, unless told otherwise. */
const ITERATIONS = 20
/**
 * A phase ends after so many iterations, one after the other, that each lower the loss by less than this share of it.
 * One that another follows need not come to its end, and what added points bring later lowers the training loss alone.
 */
const SLOW = 2
const SHARE = { few: 0.1, rows: 0.03, points: 0.05, last: 5e-3 } as const
/** Iterations that validation tells against, one after the other, before a phase ends. */
const PATIENCE = { few: 2, rows: 3, points: 2 } as const
/**
 * Levenberg-Marquardt on all numbers of a table, from end to end. In pixels the result's row is linear, and is
 * eliminated by least squares (variable projection); through a view it is among the unknowns. First the rows that the
 * start has are fitted, to a few of the trajectories as far as that is fast, and to all; then further points join each
 * layer, from where they change nothing. Each iteration weights the trajectories anew (`table-weights.ts`).
 */
export const tableLevenbergMarquardt = registered({
  name: 'levenberg-marquardt',
  learns: ['table'],
  version: 6,
  learnsSigmas: false,
  takesObjective: true,
  start: 'uniform',
  costsAtMost: true,
  isOptions: (options: { readonly name: string }): options is LevenbergMarquardtOptions =>
    options.name === 'levenberg-marquardt',
  isState: (state: DistillState): state is TableState => state.name === 'levenberg-marquardt',
  specify: (options: LevenbergMarquardtOptions | undefined): TableFitSpec => ({
    name: 'levenberg-marquardt',
    finalIterations: iterationsOf(options)
  }),
  mostIterations: (options: LevenbergMarquardtOptions, { table }: Extent) =>
    (table && widens(table) ? 3 : 2) * iterationsOf(options),
  cost,
  course
})

function iterationsOf(options: LevenbergMarquardtOptions | undefined): number {
  return options?.finalIterations ?? ITERATIONS
}

function course(given: Task, options: LevenbergMarquardtOptions): Course<TableState, Here> {
  const task = tableTaskOf(given)
  const iterations = iterationsOf(options)
  return {
    start: first(task, iterations),
    enter: state => ({ state }),
    isDone: ({ phase }) => phase === 'done',
    iterate: ({ state }) => iterate(task, state, iterations),
    conclude: ({ state }) => conclude(task, state)
  }
}

/** The most evaluations that it takes: with every iteration, and every move tried to the last. */
function cost(options: LevenbergMarquardtOptions, effort: Effort): number {
  const { training, validation, table } = effort
  if (!table) return 0
  const iterations = iterationsOf(options)
  const phase = (layers: readonly number[], trajectories: number) => {
    const linear = linearisedCost(layers, table.free)
    const rows = sum(layers)
    const learning = 2 * rows + iterations * (linear + (TRIES + 1) * rows)
    return trajectories * learning + validation * rows * (1 + iterations)
  }
  const start = sum(table.startLayers)
  const learned = training * sum(table.layers)
  const phases =
    phase(table.startLayers, firstLessons(training)) +
    phase(table.startLayers, training) +
    (widens(table) ? phase(table.layers, training) : 0)
  return tableDifferenceCost(effort, start) + validation * start + phases + learned
}

/** Whether points are added to those of the start. */
function widens({ layers, startLayers }: TableEffort): boolean {
  return sum(layers) > sum(startLayers)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

async function iterate(
  whole: TableTask,
  before: TableState,
  iterations: number
): Promise<{ position: Here; row: Iteration }> {
  const { phase } = before
  if (phase === 'done') throw new RangeError('distill: the fit of the table is done')
  const task = lessonsOf(whole, phase)
  const { seeds } = task.training
  const share = shareOf(task, before)
  const begun = await begin(task, before)
  const { each } = begun
  const weights = weightsOf(seeds, each)
  const loss = weightedMean(seeds, each, weights)
  const proposal = await moved({ ...task, weights }, { ...begun, loss }, begun.difference ?? 0)
  const fall = loss - proposal.loss
  const accepted = fall > 0
  const tried = {
    ...begun,
    damping: proposal.damping,
    evaluations: begun.evaluations + proposal.evaluations,
    iteration: begun.iteration + 1,
    round: begun.round + 1,
    slow: fall > share * loss ? 0 : begun.slow + 1
  }
  const { state: seen, validationLoss } = accepted
    ? await validate(task, await measuredAt(task, tried, proposal.table))
    : { state: tried, validationLoss: undefined }
  const ended = !accepted || seen.slow >= SLOW || seen.stale >= PATIENCE[phase] || seen.round >= iterations
  const { evaluations, iteration } = seen
  return {
    position: { state: ended ? nextPhase(task, seen) : seen },
    row: {
      ...{ iteration, phase: 'final', tablePhase: phase },
      ...{ loss: weightedMean(seeds, seen.each), validationLoss },
      ...{ evaluations, accepted, damping: proposal.damping }
    }
  }
}

function shareOf(task: TableTask, { phase, table }: TableState): number {
  if (phase === 'few' || phase === 'points') return SHARE[phase]
  const widens = tableRows(wide(task, table)).length > tableRows(table).length
  return widens ? SHARE.rows : SHARE.last
}

/** A state whose table has been walked. */
type Measured = TableState & { readonly each: readonly number[] }

/** The state with the losses at its table, which at the beginning of a phase gets the best result there is. */
async function begin(task: TableTask, before: TableState): Promise<Measured> {
  const { each } = before
  if (each) return { ...before, each }
  const started = await withMeasures(task, before)
  const { table, evaluations } = await withBestResult(task, started.table)
  const counted = { ...started, evaluations: started.evaluations + evaluations }
  return (await validate(task, await measuredAt(task, counted, table))).state
}

/** The state at a table, with its losses. */
async function measuredAt(task: TableTask, state: TableState, table: Table): Promise<Measured> {
  const { loss, each, evaluations } = await lossOfTable(task, table, task.training)
  finite(loss)
  return { ...state, table, each, evaluations: state.evaluations + evaluations }
}

/** Before anything is learned, the step of differences is measured, and the start validated. */
async function withMeasures(task: TableTask, state: TableState): Promise<TableState> {
  if (state.difference !== null) return state
  return (await validate(task, await withTableDifference(task, state))).state
}

/** The state with what the validation trajectories say of its table, if there are any. */
async function validate<State extends TableState>(
  task: TableTask,
  state: State
): Promise<{ readonly state: State; readonly validationLoss?: number }> {
  if (!task.validation) return { state }
  const held = await lossOfTable(task, state.table, task.validation)
  const evaluations = state.evaluations + held.evaluations
  return { state: { ...state, evaluations, ...judged(state, held) }, validationLoss: held.loss }
}

async function conclude(task: TableTask, { best, table, evaluations }: TableState): Promise<Outcome> {
  const learned = wide(task, best?.table ?? table)
  const found = await lossOfTable(task, learned, task.training)
  return {
    learned,
    loss: found.loss,
    validationLoss: best?.validationLoss,
    evaluations: evaluations + found.evaluations
  }
}

/** A table with all points that its solver counts, also where those that were added have not helped. */
function wide({ setting: { student } }: TableTask, table: Table): Table {
  return withPoints(table, student)
}
