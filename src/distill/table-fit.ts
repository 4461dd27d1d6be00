import { tableRows, type Combination, type Table } from '../solvers/table.js'
import { differenceStepCost, withDifference } from './difference-step.js'
import type { Effort } from './effort.js'
import { squaredDifference } from './objective.js'
import { addProducts, bestShares, emptySums, lossAt } from './sums.js'
import { movedTable, resultBasis } from './table-coordinates.js'
import { coordinatesOf, freeOf, type TableTask } from './table-task.js'
import { chunked, difference, imagesIn, seenBy, targetOf, walkTables } from './table-walks.js'
import { weighted, weightedMean } from './table-weights.js'
import { concatenate, pick, type Trajectories } from './trajectories.js'

/** A table, how far it leads from the teacher's final samples, and the evaluations that finding out took. */
export interface FittedTable {
  readonly table: Table
  /** Mean squared difference, as the task looks at samples and by what its trajectories count. */
  readonly loss: number
  /** All differences, looked at and counted as they are in the loss, where they were asked for. */
  readonly residual?: Float64Array
  readonly evaluations: number
}

/** A table with the mean squared difference of each trajectory, whatever it counts. */
export interface ComparedTable extends FittedTable {
  readonly each: readonly number[]
}

/** Trajectories that the step of differences is measured on. */
const DIFFERENCED = 2
/** How far a table as it stands leads from the teacher's final samples. Each sample counts by the task's weights. */
export async function lossOfTable(
  task: TableTask,
  table: Table,
  followed: Trajectories,
  withResidual = false
): Promise<ComparedTable> {
  const each: number[] = []
  const residuals: Float64Array[] = []
  let evaluations = 0
  for (const part of chunked(followed, tableRows(table).length, 1)) {
    const count = part.seeds.length
    const [walk] = await walkTables(task, part, [table])
    const [x, target] = [await seenBy(task, walk.x, count), await seenBy(task, targetOf(part), count)]
    each.push(...meanSquares(x, target, count))
    if (withResidual) residuals.push(weighted(part.seeds, difference(x, target), task.weights))
    evaluations += walk.evaluations
  }
  const loss = weightedMean(followed.seeds, each, task.weights)
  return { table, loss, each, evaluations, ...(withResidual && { residual: concatenate(residuals) }) }
}

/** The mean squared difference of each of `count` samples. */
function meanSquares(x: Float64Array, target: Float64Array, count: number): number[] {
  const size = x.length / count
  const one = (all: Float64Array, k: number) => all.subarray(k * size, (k + 1) * size)
  return Array.from({ length: count }, (_, k) => squaredDifference(one(x, k), one(target, k)) / size)
}

/**
 * A table with the result that comes nearest to the teacher's samples: a linear least squares problem, since its
 * factors touch no evaluation. Through a view, where it is not linear, the table stays as it is.
 */
export async function withBestResult(task: TableTask, table: Table, withResidual = false): Promise<FittedTable> {
  const followed = task.training
  const basis = resultBasis(table, freeOf(task))
  if (!task.pixels || basis.free.length === 0) return lossOfTable(task, table, followed, withResidual)
  const sums = emptySums(basis.free.length)
  const parts: { readonly columns: readonly Float64Array[]; readonly rest: Float64Array }[] = []
  let evaluations = 0
  for (const part of chunked(followed, tableRows(table).length, 1)) {
    const [walk] = await walkTables(task, part, [table])
    const image = imagesIn(part, table, walk.tape)
    const counted = (values: Float64Array) => weighted(part.seeds, values, task.weights)
    const columns = basis.free.map(one => counted(image(one)))
    const rest = counted(difference(image(basis.fixed), targetOf(part)))
    addProducts(sums, columns, rest)
    if (withResidual) parts.push({ columns, rest })
    evaluations += walk.evaluations
  }
  const shares = bestShares(sums)
  const result = sumOf([basis.fixed, ...basis.free], [1, ...shares])
  const fitted = { table: { ...table, result }, loss: lossAt(sums, shares), evaluations }
  if (!withResidual) return fitted
  return { ...fitted, residual: concatenate(parts.map(({ columns, rest }) => withShares(rest, columns, shares))) }
}

function withShares(rest: Float64Array, columns: readonly Float64Array[], shares: readonly number[]): Float64Array {
  return rest.map((value, i) => columns.reduce((sum, column, k) => sum + shares[k] * column[i], value))
}

/**
 * A table moved along its coordinates, and after them, if there is more in the move, along what is free of its result.
 */
export function movedAlong(task: TableTask, table: Table, move: readonly number[]): Table {
  const coordinates = coordinatesOf(task, table)
  const moved = movedTable(table, coordinates, move)
  const shares = move.slice(coordinates.length)
  if (shares.length === 0) return moved
  return { ...moved, result: sumOf([table.result, ...resultBasis(table, freeOf(task)).free], [1, ...shares]) }
}

/** The least step that differences are taken with: a finer one lets the rounding of networks in. */
const LEAST_DIFFERENCE = 2e-3

/** A state with its step of differences, measured where its table evaluates the model if there is none yet. */
export async function withTableDifference<
  State extends { readonly table: Table; difference: number | null; evaluations: number }
>(task: TableTask, state: State): Promise<State & { readonly difference: number }> {
  if (state.difference !== null) return { ...state, difference: state.difference }
  const { setting, training } = task
  const few = pick(training, [...training.seeds.keys()].slice(0, DIFFERENCED))
  const [{ x, tape, evaluations }] = await walkTables(task, few, [state.table])
  const asked = tape.flatMap(layer => layer.asked.map(evaluation => evaluation.x))
  const sigmas = Float64Array.of(...tableRows(state.table).map(({ sigma }) => sigma), state.table.sigmas[1])
  const trajectories = { ...few, states: [...asked, x] }
  const measured = await withDifference(state, { model: setting.model, sigmas }, trajectories, LEAST_DIFFERENCE)
  return { ...measured, evaluations: measured.evaluations + evaluations }
}

/** The evaluations that measuring it takes, at so many rows. */
export function tableDifferenceCost(effort: Effort, rows: number): number {
  return differenceStepCost({ ...effort, steps: rows }) + Math.min(DIFFERENCED, effort.training) * rows
}

function sumOf(combinations: readonly Combination[], shares: readonly number[]): Combination {
  const length = Math.max(...combinations.map(({ denoised }) => denoised.length))
  const total = (of: (combination: Combination) => number) =>
    combinations.reduce((sum, combination, k) => sum + shares[k] * of(combination), 0)
  return {
    noise: total(({ noise }) => noise),
    denoised: Array.from({ length }, (_, k) => total(({ denoised }) => denoised.at(k) ?? 0))
  }
}
