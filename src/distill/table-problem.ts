import type { Free } from '../solvers/bns.js'
import { tableRows, type Table } from '../solvers/table.js'
import type { Normal } from './objective.js'
import type { Slopes } from './secant.js'
import { addProducts, emptySums, normalOf } from './sums.js'
import { movedTable, resultBasis, tableCoordinates } from './table-coordinates.js'
import { coordinatesOf, freeOf, type TableTask } from './table-task.js'
import { chunked, difference, imagesIn, seenBy, targetOf, walkTables } from './table-walks.js'
import { weighted } from './table-weights.js'
import { concatenate, type Trajectories } from './trajectories.js'

/** The linear problem at a table, in its coordinates and then in what is free of its result. */
export interface TableProblem {
  readonly normal: Normal
  /** What the problem is made of, where there was room for it. */
  readonly slopes?: Slopes
  /** Mean squared difference at the table itself. */
  readonly loss: number
  readonly evaluations: number
}

/**
 * The linear problem at a table: how the final samples change with each coordinate of its rows, by differences over the
 * step `by`, and with each free part of its result. It is summed over parts of the trajectories. What it is made of is
 * kept as well where that takes no more than `room` bytes.
 */
export async function linearised(
  task: TableTask,
  table: Table,
  followed: Trajectories,
  by: number,
  room = 0
): Promise<TableProblem> {
  const probes = probesOf(task, table, by)
  const sums = emptySums(probes.length + resultBasis(table, freeOf(task)).free.length)
  const kept: { readonly columns: readonly Float32Array[]; readonly residual: Float64Array }[] = []
  let [evaluations, done] = [0, 0]
  for (const part of chunked(followed, tableRows(table).length, probes.length + 1)) {
    const count = part.seeds.length
    const changes = await changesAt(task, table, part, probes, by)
    const { columns, residual } = changes
    addProducts(sums, columns, residual)
    const whole = (columns.length * residual.length * followed.seeds.length) / count
    if (whole * Float32Array.BYTES_PER_ELEMENT <= room)
      kept.push({ columns: columns.map(column => Float32Array.from(column)), residual })
    evaluations += changes.evaluations
    done += count
    task.onPart?.(done, followed.seeds.length)
  }
  const slopes = kept.length > 0 && {
    parts: kept.map(({ columns }) => columns),
    residual: concatenate(kept.map(({ residual }) => residual))
  }
  return { normal: normalOf(sums), loss: sums.square / sums.values, evaluations, ...(slopes && { slopes }) }
}

/** A table moved by `by` along each of its coordinates alone. */
function probesOf(task: TableTask, table: Table, by: number): readonly Table[] {
  const coordinates = coordinatesOf(task, table)
  const along = (k: number) => coordinates.map((_, i) => (i === k ? by : 0))
  return coordinates.map((_, k) => movedTable(table, coordinates, along(k)))
}

/** How far the final samples of some trajectories are off, and how they change with what a table can be moved along. */
interface Changes {
  /** One for each coordinate of the rows, and then for each free part of the result. */
  readonly columns: readonly Float64Array[]
  readonly residual: Float64Array
  readonly evaluations: number
}

async function changesAt(
  task: TableTask,
  table: Table,
  part: Trajectories,
  probes: readonly Table[],
  by: number
): Promise<Changes> {
  const [base] = await walkTables(task, part, [table])
  const walks = await walkTables(task, part, probes, base.tape)
  const image = imagesIn(part, table, base.tape)
  const seen = (x: Float64Array) => seenBy(task, x, part.seeds.length)
  const middle = await seen(base.x)
  const columns: Float64Array[] = []
  const counted = (values: Float64Array) => weighted(part.seeds, values, task.weights)
  for (const { x } of walks) columns.push(slope(await seen(x), middle, by))
  for (const each of resultBasis(table, freeOf(task)).free) {
    const change = image(each)
    const changed = async () => slope(await seen(base.x.map((value, i) => value + by * change[i])), middle, by)
    columns.push(task.pixels ? change : await changed())
  }
  return {
    columns: columns.map(counted),
    residual: counted(difference(middle, await seen(targetOf(part)))),
    evaluations: base.evaluations + walks.reduce((sum, walk) => sum + walk.evaluations, 0)
  }
}

function slope(moved: Float64Array, base: Float64Array, by: number): Float64Array {
  return moved.map((value, i) => (value - base[i]) / by)
}

/** Evaluations of one trajectory in the linear problem of a table with so many rows in each layer. */
export function linearisedCost(layers: readonly number[], free: Free): number {
  const from = (layer: number) => layers.slice(layer).reduce((sum, rows) => sum + rows, 0)
  return tableCoordinates(layers, free).reduce((sum, { layer }) => sum + 1 + from(layer + 1), from(0))
}
