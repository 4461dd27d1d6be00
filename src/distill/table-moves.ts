import type { Table } from '../solvers/table.js'
import { boundedMove } from './bounded.js'
import { DAMPING_MIN, RISE } from './least-squares.js'
import type { Normal } from './objective.js'
import { corrected, secantOf, type Secant } from './secant.js'
import { eliminated } from './sums.js'
import { resultShares } from './table-coordinates.js'
import { movedAlong, withBestResult, type FittedTable } from './table-fit.js'
import { linearised } from './table-problem.js'
import { coordinatesOf, freeOf, type TableTask } from './table-task.js'

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
 * The most moves that are tried of one linear problem. A few good moves leave the damping so small that it has to rise
 * by some powers of ten where the next is too long; a try costs a tenth of the linear problem at 5 NFE, and less at
 * more.
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
 * Moves a table by one linear problem, more damped after each move that does not lower the loss and less after each
 * that does. Where there is room for the problem's columns, each move corrects it, and the next goes on from there: a
 * walk of the trajectories costs little beside another problem. Otherwise the first move that lowers the loss is the
 * last.
 *
 * @param by the step of differences
 * @param room bytes that the columns may take
 */
export async function moved(task: TableTask, from: From, by: number, room = ROOM): Promise<Moved> {
  const { normal, slopes, evaluations } = await linearised(task, from.table, task.training, by, room)
  const count = coordinatesOf(task, from.table).length
  // In pixels the result is whatever is best.
  const move = normal.gradient.slice(0, task.pixels ? count : normal.gradient.length).map(() => 0)
  const secant = slopes && secantOf(normal, slopes)
  let moves: Moves = { normal, secant, here: { ...from, move }, damping: from.damping, misses: 0, evaluations }
  let ended = false
  for (let tries = 1; tries <= TRIES && !ended; tries++) [moves, ended] = await moreMoves(task, from, moves)
  const { table, loss, damping } = moves.here
  return { table, loss, damping, evaluations: moves.evaluations }
}

/** A table, how far moves have led to it, and the damping of the next move. */
interface Here extends From {
  /** From the table where the moves began, in coordinates of what a linear problem is not eliminated of. */
  readonly move: readonly number[]
}

/** What the moves that were tried of one linear problem have come to. */
interface Moves {
  /** The problem as it was measured. */
  readonly normal: Normal
  /** The problem as the moves have corrected it, where there is room for its columns. */
  readonly secant?: Secant
  readonly here: Here
  /** What the next try is damped by. */
  readonly damping: number
  /** Tries in a row that have lowered nothing. */
  readonly misses: number
  readonly evaluations: number
}

/** The moves after one more try, and whether no other is worth its evaluations. */
async function moreMoves(
  task: TableTask,
  from: From,
  { normal, secant, here, ...before }: Moves
): Promise<readonly [Moves, ended: boolean]> {
  const problem = secant?.normal ?? normal
  const count = coordinatesOf(task, from.table).length
  const move = along(task.pixels ? eliminated(problem, count) : problem, before.damping, here.move)
  const { table, loss, residual, evaluations } = await withBestResult(
    task,
    movedAlong(task, from.table, move),
    secant !== undefined
  )
  const falls = loss < here.loss
  const damping = falls ? Math.max(before.damping / FALL, DAMPING_MIN) : before.damping * RISE
  const moves: Moves = {
    normal,
    secant: secant && residual && corrected(secant, changeOf(task, here, { table, move }), residual, !falls),
    here: falls ? { table, loss, move, damping } : here,
    damping,
    misses: falls ? 0 : before.misses + 1,
    evaluations: before.evaluations + evaluations
  }
  const little = falls && here.loss - loss < LITTLE * here.loss
  const givenUp = here.loss < from.loss && moves.misses === MISSES
  return [moves, little || givenUp || (falls && !secant)]
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
