import type { Table } from '../solvers/table.js'
import { boundedMove } from './bounded.js'
import { DAMPING_MIN, RISE } from './least-squares.js'
import type { Normal } from './objective.js'
import { corrected, secantOf } from './secant.js'
import { eliminated } from './sums.js'
import { resultShares } from './table-coordinates.js'
import {
  coordinatesOf,
  freeOf,
  linearised,
  movedAlong,
  withBestResult,
  type FittedTable,
  type TableTask
} from './table-fit.js'

/** Where moves begin: a table with its loss, and the damping of the first move. */
interface From {
  readonly table: Table
  readonly loss: number
  readonly damping: number
}

/** The table that moves have led to, with the damping of the next move and all evaluations. */
export interface Moved extends FittedTable {
  readonly damping: number
}

/** Bytes that the columns of one linear problem may take where several moves are made by it. */
const ROOM = 2 ** 30
/**
 * The most moves that are tried of one linear problem. A few good moves leave the damping so small that it has to rise by some
 * powers of ten where the next is too long; a try costs a tenth of the linear problem at 5 NFE, and less at more.
 */
export const TRIES = 16
/** Tries in a row that have lowered nothing before the problem is given up, once another has. */
const MISSES = 4
/** The problem is given up as well after a move that lowers the loss by less than this share of it. */
const LITTLE = 2e-3
/** What damping is divided by after each move that lowers the loss. */
const FALL = 4
/** The most that a coordinate moves by one linear problem: half its noise level. */
const REACH = 0.5

/**
 * Moves a table by one linear problem, more damped after each move that does not lower the loss and less after each that does.
 * Where there is room for the problem's columns, each move corrects it, and the next goes on from there: a walk of the
 * trajectories costs little beside another problem. Otherwise the first move that lowers the loss is the last.
 *
 * @param by the step of differences
 * @param room bytes that the columns may take
 */
export async function moved(
  task: TableTask,
  { table, loss, damping: first }: From,
  by: number,
  room = ROOM
): Promise<Moved> {
  const { normal, slopes, evaluations: measuring } = await linearised(task, table, task.training, by, room)
  const count = coordinatesOf(task, table).length
  // In pixels the result is whatever is best.
  const free = task.pixels ? count : normal.gradient.length
  let problem = slopes ? secantOf(normal, slopes) : undefined
  let here: Here = { table, loss, move: normal.gradient.slice(0, free).map(() => 0), damping: first }
  let { damping } = here
  let [evaluations, misses] = [measuring, 0]
  for (let tries = 1; tries <= TRIES; tries++) {
    const now = problem?.normal ?? normal
    const move = along(task.pixels ? eliminated(now, count) : now, damping, here.move)
    const found = await withBestResult(task, movedAlong(task, table, move), problem !== undefined)
    const falls = found.loss < here.loss
    const little = falls && here.loss - found.loss < LITTLE * here.loss
    evaluations += found.evaluations
    if (problem && found.residual)
      problem = corrected(problem, changeOf(task, here, { table: found.table, move }), found.residual, !falls)
    damping = falls ? Math.max(damping / FALL, DAMPING_MIN) : damping * RISE
    if (falls) here = { table: found.table, loss: found.loss, move, damping }
    misses = falls ? 0 : misses + 1
    if (little || (falls && !problem) || (here.loss < loss && misses === MISSES)) break
  }
  return { table: here.table, loss: here.loss, damping: here.damping, evaluations }
}

/** A table, how far moves have led to it, and the damping of the next move. */
interface Here extends From {
  /** From the table where the moves began, in coordinates of what a linear problem is not eliminated of. */
  readonly move: readonly number[]
}

/** The next place along the coordinates of a problem, within reach of where its moves began. */
function along(normal: Normal, damping: number, before: readonly number[]): readonly number[] {
  const box = { lower: before.map(value => -REACH - value), upper: before.map(value => REACH - value) }
  return boundedMove(normal, damping, box).map((value, k) => value + before[k])
}

type Place = Pick<Here, 'table' | 'move'>

/** What has changed between two places: the coordinates of the rows, and the shares of the result. */
function changeOf(task: TableTask, from: Place, to: Place): readonly number[] {
  const count = coordinatesOf(task, from.table).length
  const [before, after] = [from, to].map(({ table }) => resultShares(table, freeOf(task)))
  const rows = from.move.slice(0, count).map((value, k) => to.move[k] - value)
  return [...rows, ...after.map((share, k) => share - before[k])]
}
