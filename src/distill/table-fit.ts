import type { BnsStudent, Free } from '../solvers/bns.js'
import { drive, type Tape } from '../solvers/driver.js'
import { combined, tableRows, walkTable, type Combination, type Table } from '../solvers/table.js'
import { differenceStepCost, withDifference } from './difference-step.js'
import type { Effort } from './effort.js'
import { squaredDifference, type Normal } from './objective.js'
import { addProducts, bestShares, emptySums, lossAt, normalOf } from './sums.js'
import { movedTable, resultBasis, tableCoordinates, type Coordinate } from './table-coordinates.js'
import { isBnsStudent } from './student.js'
import type { Slopes } from './secant.js'
import type { Task } from './task.js'
import { concatenate, pick, type Trajectories } from './trajectories.js'

/** What tables are fitted in: a task whose student is a table. */
export type TableTask = Task<BnsStudent>

/** @throws RangeError where the student is none that a table is learned for */
export function tableTaskOf(given: Task): TableTask {
  const { student } = given.setting
  if (isBnsStudent(student)) return { ...given, setting: { ...given.setting, student } }
  throw new RangeError('distill: tables are learned for bns alone')
}

/** Which numbers of its table a task's student learns. */
export function freeOf({ setting: { student } }: TableTask): Free {
  return student.free ?? 'all'
}

/** A table, how far it leads from the teacher's final samples, and the evaluations that finding out took. */
export interface FittedTable {
  readonly table: Table
  /** Mean squared difference, as the task looks at samples. */
  readonly loss: number
  /** All differences, as the task looks at samples, where they were asked for. */
  readonly residual?: Float64Array
  readonly evaluations: number
}

/** A table with the mean squared difference of each trajectory. */
export interface ComparedTable extends FittedTable {
  readonly each: readonly number[]
}

/** The linear problem at a table, in its coordinates and then in what is free of its result. */
export interface TableProblem {
  readonly normal: Normal
  /** What the problem is made of, where there was room for it. */
  readonly slopes?: Slopes
  /** Mean squared difference at the table itself. */
  readonly loss: number
  readonly evaluations: number
}

/** Bytes of images that are held at once, beside the trajectories themselves. */
const IMAGES_AT_ONCE = 256 * 1024 * 1024
/** Trajectories that the step of differences is measured on. */
const DIFFERENCED = 2
/** The most trajectories that are walked at once. */
const CHUNK = 64

/** Trajectories in parts, so few at once that so many walks of them fit into memory. */
function* chunked(trajectories: Trajectories, rows: number, walks: number): Generator<Trajectories> {
  const { seeds, states } = trajectories
  const size = states[0].length / seeds.length
  // Each walk keeps what it asks, what it is answered, and where that leads.
  const each = walks * (2 * rows + 2) * size * Float64Array.BYTES_PER_ELEMENT
  const count = Math.max(1, Math.min(CHUNK, Math.floor(IMAGES_AT_ONCE / each)))
  for (let from = 0; from < seeds.length; from += count)
    yield pick(
      trajectories,
      Array.from({ length: Math.min(count, seeds.length - from) }, (_, k) => from + k)
    )
}

/** Where a table leads from some trajectories' noise. */
interface TableWalk {
  readonly x: Float64Array
  readonly tape: Tape
  readonly evaluations: number
}

async function walkTables(
  { setting: { model, batchSize, signal } }: TableTask,
  { states, condition }: Trajectories,
  tables: readonly Table[],
  replay?: Tape
): Promise<TableWalk[]> {
  const jobs = tables.map(table => {
    const record: Tape = []
    return { run: walkTable({ x: states[0] }, table), condition, replay, record }
  })
  const outcomes = await drive(jobs, { model, batchSize, signal })
  return outcomes.map(({ x, evaluations }, k) => ({ x, evaluations, tape: jobs[k].record }))
}

/** Final samples as the task sees them. */
async function seenBy({ look, at: [last] }: TableTask, x: Float64Array, count: number): Promise<Float64Array> {
  const states = Array.from({ length: last + 1 }, () => x)
  return (await look(states, [last], count))[last]
}

function targetOf({ states }: Trajectories): Float64Array {
  return states[states.length - 1]
}

/** How far a table as it stands leads from the teacher's final samples. */
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
    if (withResidual) residuals.push(difference(x, target))
    evaluations += walk.evaluations
  }
  const loss = each.reduce((sum, value) => sum + value, 0) / each.length
  return { table, loss, each, evaluations, ...(withResidual && { residual: concatenate(residuals) }) }
}

/** The mean squared difference of each of `count` samples. */
function meanSquares(x: Float64Array, target: Float64Array, count: number): number[] {
  const size = x.length / count
  const one = (all: Float64Array, k: number) => all.subarray(k * size, (k + 1) * size)
  return Array.from({ length: count }, (_, k) => squaredDifference(one(x, k), one(target, k)) / size)
}

/**
 * A table with the result that comes nearest to the teacher's samples: a linear least squares problem, since its factors touch
 * no evaluation. Through a view, where it is not linear, the table stays as it is.
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
    const columns = basis.free.map(image)
    const rest = difference(image(basis.fixed), targetOf(part))
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

/** How combinations look on trajectories that were walked. */
function imagesIn({ states }: Trajectories, { start }: Table, tape: Tape): (combination: Combination) => Float64Array {
  const answers = tape.flatMap(({ answered }) => answered.map(({ denoised }) => denoised))
  return ({ noise, denoised }) => combined(states[0], noise / start, denoised, answers)
}

/** What a task's student learns of a table's rows. */
export function coordinatesOf(task: TableTask, { layers }: Table): readonly Coordinate[] {
  return tableCoordinates(
    layers.map(layer => layer.length),
    freeOf(task)
  )
}

/** A table moved along its coordinates, and after them, if there is more in the move, along what is free of its result. */
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

function difference(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value - b[i])
}

/**
 * The linear problem at a table: how the final samples change with each coordinate of its rows, by differences over the step
 * `by`, and with each free part of its result. It is summed over parts of the trajectories. What it is made of is kept as well
 * where that takes no more than `room` bytes.
 */
export async function linearised(
  task: TableTask,
  table: Table,
  followed: Trajectories,
  by: number,
  room = 0
): Promise<TableProblem> {
  const coordinates = coordinatesOf(task, table)
  const probes = coordinates.map((_, k) =>
    movedTable(
      table,
      coordinates,
      coordinates.map((_, i) => (i === k ? by : 0))
    )
  )
  const basis = resultBasis(table, freeOf(task))
  const sums = emptySums(coordinates.length + basis.free.length)
  const kept: { readonly columns: readonly Float32Array[]; readonly residual: Float64Array }[] = []
  let [evaluations, done] = [0, 0]
  for (const part of chunked(followed, tableRows(table).length, probes.length + 1)) {
    const count = part.seeds.length
    const [base] = await walkTables(task, part, [table])
    const walks = await walkTables(task, part, probes, base.tape)
    const image = imagesIn(part, table, base.tape)
    const seen = (x: Float64Array) => seenBy(task, x, count)
    const middle = await seen(base.x)
    const columns: Float64Array[] = []
    for (const { x } of walks) columns.push(slope(await seen(x), middle, by))
    for (const each of basis.free) {
      const change = image(each)
      columns.push(
        task.pixels ? change : slope(await seen(base.x.map((value, i) => value + by * change[i])), middle, by)
      )
    }
    const residual = difference(middle, await seen(targetOf(part)))
    addProducts(sums, columns, residual)
    const whole = (columns.length * residual.length * followed.seeds.length) / count
    if (whole * Float32Array.BYTES_PER_ELEMENT <= room)
      kept.push({ columns: columns.map(column => Float32Array.from(column)), residual })
    evaluations += base.evaluations + walks.reduce((sum, walk) => sum + walk.evaluations, 0)
    done += count
    task.onPart?.(done, followed.seeds.length)
  }
  const slopes = kept.length > 0 && {
    parts: kept.map(({ columns }) => columns),
    residual: concatenate(kept.map(({ residual }) => residual))
  }
  return { normal: normalOf(sums), loss: sums.square / sums.values, evaluations, ...(slopes && { slopes }) }
}

function slope(moved: Float64Array, base: Float64Array, by: number): Float64Array {
  return moved.map((value, i) => (value - base[i]) / by)
}

/** Evaluations of one trajectory in the linear problem of a table with so many rows in each layer. */
export function linearisedCost(layers: readonly number[], free: Free): number {
  const from = (layer: number) => layers.slice(layer).reduce((sum, rows) => sum + rows, 0)
  return tableCoordinates(layers, free).reduce((sum, { layer }) => sum + 1 + from(layer + 1), from(0))
}
