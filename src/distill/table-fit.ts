import type { BnsStudent, Free } from '../solvers/bns.js'
import { drive, type Tape } from '../solvers/driver.js'
import { combined, tableRows, walkTable, type Combination, type Table } from '../solvers/table.js'
import { solveSymmetric } from './bounded.js'
import type { Normal } from './objective.js'
import { movedTable, resultBasis, type Coordinate, type ResultBasis } from './table-coordinates.js'
import type { Task } from './task.js'
import { pick, type Trajectories } from './trajectories.js'

/** What tables are fitted in: a task whose student is a table. */
export type TableTask = Task<BnsStudent>

/** A table, how far it leads from the teacher's final samples, and the evaluations that finding out took. */
export interface FittedTable {
  readonly table: Table
  /** Mean squared difference, as the task looks at samples. */
  readonly loss: number
  readonly evaluations: number
}

/** The linear problem at a table, in its coordinates and then in what is free of its result. */
export interface TableProblem {
  readonly normal: Normal
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
export async function lossOfTable(task: TableTask, table: Table, followed: Trajectories): Promise<FittedTable> {
  let [sum, values, evaluations] = [0, 0, 0]
  for (const part of chunked(followed, tableRows(table).length, 1)) {
    const count = part.seeds.length
    const [walk] = await walkTables(task, part, [table])
    const [x, target] = [await seenBy(task, walk.x, count), await seenBy(task, targetOf(part), count)]
    for (let i = 0; i < x.length; i++) sum += (x[i] - target[i]) ** 2
    values += x.length
    evaluations += walk.evaluations
  }
  return { table, loss: sum / values, evaluations }
}

/**
 * A table with the result that comes nearest to the teacher's samples: a linear least squares problem, since its factors touch
 * no evaluation. Through a view, where it is not linear, the table stays as it is.
 */
export async function withBestResult(
  task: TableTask,
  table: Table,
  free: Free,
  followed: Trajectories
): Promise<FittedTable> {
  const basis = resultBasis(table, free)
  if (!task.pixels || basis.free.length === 0) return lossOfTable(task, table, followed)
  const sums = emptySums(basis.free.length)
  let evaluations = 0
  for (const part of chunked(followed, tableRows(table).length, 1)) {
    const [walk] = await walkTables(task, part, [table])
    const image = imagesIn(part, table, walk.tape)
    add(sums, basis.free.map(image), difference(image(basis.fixed), targetOf(part)))
    evaluations += walk.evaluations
  }
  const shares = bestShares(sums)
  const result = sumOf([basis.fixed, ...basis.free], [1, ...shares])
  return { table: { ...table, result }, loss: lossAt(sums, shares), evaluations }
}

/** How combinations look on trajectories that were walked. */
function imagesIn({ states }: Trajectories, { start }: Table, tape: Tape): (combination: Combination) => Float64Array {
  const answers = tape.flatMap(({ answered }) => answered.map(({ denoised }) => denoised))
  return ({ noise, denoised }) => combined(states[0], noise / start, denoised, answers)
}

/** A result with more of what is free in it. */
export function withShares(result: Combination, { free }: ResultBasis, shares: readonly number[]): Combination {
  return sumOf([result, ...free], [1, ...shares])
}

/** Where a table's rows stand for the first trajectories, as states at the noise levels that the model is told there. */
export async function evaluatedStates(
  task: TableTask,
  table: Table
): Promise<{ readonly sigmas: Float64Array; readonly trajectories: Trajectories; readonly evaluations: number }> {
  const { seeds } = task.training
  const few = pick(task.training, [...seeds.keys()].slice(0, DIFFERENCED))
  const [{ x, tape, evaluations }] = await walkTables(task, few, [table])
  const asked = tape.flatMap(layer => layer.asked.map(evaluation => evaluation.x))
  const sigmas = Float64Array.of(...tableRows(table).map(({ sigma }) => sigma), table.sigmas[1])
  return { sigmas, trajectories: { ...few, states: [...asked, x] }, evaluations }
}

/** Sums of products of columns with each other and with a residual, and of the residual with itself. */
interface Sums {
  readonly matrix: Float64Array[]
  readonly gradient: Float64Array
  square: number
  values: number
}

function emptySums(size: number): Sums {
  return {
    matrix: Array.from({ length: size }, () => new Float64Array(size)),
    gradient: new Float64Array(size),
    square: 0,
    values: 0
  }
}

function add(sums: Sums, columns: readonly Float64Array[], residual: Float64Array): void {
  columns.forEach((column, a) => {
    sums.gradient[a] += dot(column, residual)
    for (let b = 0; b <= a; b++) sums.matrix[a][b] += dot(column, columns[b])
  })
  sums.square += dot(residual, residual)
  sums.values += residual.length
}

function normalOf({ matrix, gradient, values }: Sums): Normal {
  return {
    matrix: matrix.map((row, a) => Array.from(row, (_, b) => matrix[Math.max(a, b)][Math.min(a, b)] / values)),
    gradient: Array.from(gradient, value => value / values)
  }
}

/** Keeps columns that hardly differ apart, relative to the largest. */
const RELATIVE_FLOOR = 1e-10

/** What is to be added of each column so that least is left of the residual. */
function bestShares(sums: Sums): number[] {
  const { matrix, gradient } = normalOf(sums)
  return solveSymmetric(
    floored(matrix),
    gradient.map(value => -value)
  )
}

function floored(matrix: Normal['matrix']): number[][] {
  const floor = RELATIVE_FLOOR * Math.max(...matrix.map((row, i) => row[i]))
  return matrix.map((row, i) => row.map((value, j) => (i === j ? value + floor : value)))
}

/** The mean square that is left with such shares. */
function lossAt(sums: Sums, shares: readonly number[]): number {
  const { matrix, gradient } = normalOf(sums)
  const left = shares.reduce(
    (sum, share, a) =>
      sum + 2 * share * gradient[a] + shares.reduce((row, other, b) => row + share * other * matrix[a][b], 0),
    sums.square / sums.values
  )
  return Math.max(left, 0)
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

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}

/**
 * The linear problem at a table: how the final samples change with each coordinate of its rows, by differences over the step
 * `by`, and with each free part of its result. It is summed over parts of the trajectories, so that memory does not grow with
 * their number.
 * @param onPart is told after each part how many trajectories are done
 */
export async function linearised(
  task: TableTask,
  table: Table,
  coordinates: readonly Coordinate[],
  free: Free,
  by: number,
  onPart: (done: number) => void = () => undefined
): Promise<TableProblem> {
  const probes = coordinates.map((_, k) =>
    movedTable(
      table,
      coordinates,
      coordinates.map((_, i) => (i === k ? by : 0))
    )
  )
  const basis = resultBasis(table, free)
  const sums = emptySums(coordinates.length + basis.free.length)
  let [evaluations, done] = [0, 0]
  for (const part of chunked(task.training, tableRows(table).length, probes.length + 1)) {
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
    add(sums, columns, difference(middle, await seen(targetOf(part))))
    evaluations += base.evaluations + walks.reduce((sum, walk) => sum + walk.evaluations, 0)
    done += count
    onPart(done)
  }
  return { normal: normalOf(sums), evaluations }
}

function slope(moved: Float64Array, base: Float64Array, by: number): Float64Array {
  return moved.map((value, i) => (value - base[i]) / by)
}

/**
 * The linear problem in its first `count` quantities, the others being whatever is best for them: what variable projection
 * (Golub & Pereyra 1973) leaves of it.
 */
export function eliminated({ matrix, gradient }: Normal, count: number): Normal {
  const rest = gradient.length - count
  if (rest === 0) return { matrix, gradient }
  const block = floored(matrix.slice(count).map(row => row.slice(count)))
  const solved = [
    ...Array.from({ length: count }, (_, k) => matrix.slice(count).map(row => row[k])),
    gradient.slice(count)
  ].map(column => solveSymmetric(block, column))
  const share = (row: readonly number[], by: readonly number[]) =>
    by.reduce((sum, value, k) => sum + row[count + k] * value, 0)
  return {
    matrix: matrix.slice(0, count).map(row => Array.from({ length: count }, (_, k) => row[k] - share(row, solved[k]))),
    gradient: gradient.slice(0, count).map((value, i) => value - share(matrix[i], solved[count]))
  }
}
