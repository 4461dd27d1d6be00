import type { BnsStudent, Free } from '../solvers/bns.js'
import type { Table } from '../solvers/table.js'
import { isBnsStudent } from './student.js'
import { tableCoordinates, type Coordinate } from './table-coordinates.js'
import type { Weights } from './table-weights.js'
import type { Task } from './task.js'

/** What tables are fitted in: a task whose student is a table. */
export interface TableTask extends Task<BnsStudent> {
  /** What each of the trajectories that are learned from counts; absent: all as much. */
  readonly weights?: Weights
}

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

/** What a task's student learns of a table's rows. */
export function coordinatesOf(task: TableTask, { layers }: Table): readonly Coordinate[] {
  return tableCoordinates(
    layers.map(layer => layer.length),
    freeOf(task)
  )
}
