import { drive, type Tape } from '../solvers/driver.js'
import { combined, walkTable, type Combination, type Table } from '../solvers/table.js'
import type { TableTask } from './table-task.js'
import { pick, type Trajectories } from './trajectories.js'

/** Bytes of images that are held at once, beside the trajectories themselves. */
const IMAGES_AT_ONCE = 256 * 1024 * 1024
/** The most trajectories that are walked at once. */
const CHUNK = 64

/** Trajectories in parts, so few at once that so many walks of them fit into memory. */
export function* chunked(trajectories: Trajectories, rows: number, walks: number): Generator<Trajectories> {
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
export interface TableWalk {
  readonly x: Float64Array
  readonly tape: Tape
  readonly evaluations: number
}

/**
 * Where tables lead from the noise of some trajectories. `replay` is the tape of an earlier walk, which answers in place
 * of the model where both ask the same.
 */
export async function walkTables(
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
export async function seenBy({ look, at: [last] }: TableTask, x: Float64Array, count: number): Promise<Float64Array> {
  const states = Array.from({ length: last + 1 }, () => x)
  return (await look(states, [last], count))[last]
}

/** The teacher's final samples. */
export function targetOf({ states }: Trajectories): Float64Array {
  return states[states.length - 1]
}

/** How combinations look on trajectories that were walked. */
export function imagesIn(
  { states }: Trajectories,
  { start }: Table,
  tape: Tape
): (combination: Combination) => Float64Array {
  const answers = tape.flatMap(({ answered }) => answered.map(({ denoised }) => denoised))
  return ({ noise, denoised }) => combined(states[0], noise / start, denoised, answers)
}

/** How far values are above others. */
export function difference(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value - b[i])
}
