import { bound, start as started, type SolverOptions } from './options.js'
import type { Evaluation, SolverRun } from './solver.js'
import { startFactor } from './noise.js'
import { combined, tableRows, type Combination, type Table, type TableRow } from './table.js'

/**
 * The table that a solver is on given time points, found by running it: each answer is a coordinate of its own, so that
 * what the solver asks for, and what it returns, are the factors of the latents and of all answers before.
 * @param solver a solver by its name or its descriptor, with its options and what was learned for it
 * @param sigmas its falling time points, the last of which may be 0
 * @param start what latents are multiplied by at the first of them; default: that noise level, 1 where it is infinite
 * @throws RangeError where the solver is not linear in the latents and the answers, with what would make it so
 */
export function tableOf(solver: SolverOptions, sigmas: Float64Array, start = startFactor(sigmas[0])): Table {
  const { descriptor, options } = bound(solver)
  const why = descriptor.nonlinear?.(options)
  if (why !== undefined) throw new RangeError(`${descriptor.name} is no table: ${why}`)
  const run = (x: Float64Array) => started({ descriptor, options }, { x, samples: 1, sigmas })
  const rows = countRows(run)
  const table = { sigmas: [sigmas[0], sigmas[sigmas.length - 1]] as const, start, ...coordinates(run, rows, start) }
  if (!repeats(run, table))
    throw new RangeError(
      `${descriptor.name} is no table: what it asks for is not linear in its starting noise and in what the model answers`
    )
  return table
}

type Run = (x: Float64Array) => SolverRun

/** What a run asks at once, in its order; `answer` is given each evaluation with its place. */
function* layersAsked(
  run: SolverRun,
  answer: (place: number) => Float64Array
): Generator<readonly Evaluation[], Float64Array> {
  let place = 0
  let step = run.next([])
  while (!step.done) {
    const { value } = step
    if ('reached' in value) {
      step = run.next([])
      continue
    }
    yield value
    step = run.next(value.map(() => ({ denoised: answer(place++) })))
  }
  return step.value
}

/** Runs that never end are no tables. */
const MOST_ROWS = 100_000

function countRows(run: Run): number {
  let rows = 0
  for (const asked of layersAsked(run(Float64Array.of(0)), () => Float64Array.of(0))) {
    rows += asked.length
    if (rows > MOST_ROWS) throw new RangeError(`a table has at most ${MOST_ROWS} rows`)
  }
  return rows
}

/** The first coordinate is that of the latents, and each answer has one. */
function coordinates(run: Run, rows: number, start: number): Pick<Table, 'layers' | 'result'> {
  const unit = (place: number, length: number) =>
    Float64Array.from({ length: rows + 1 }, (_, i) => (i === place ? length : 0))
  const walk = layersAsked(run(unit(0, start)), place => unit(place + 1, 1))
  const layers: TableRow[][] = []
  let before = 0
  for (;;) {
    const { done, value } = walk.next()
    if (done) return { layers, result: combinationIn(value, rows) }
    layers.push(value.map(({ x, sigma }) => ({ sigma: levelOf(sigma), ...combinationIn(x, before) })))
    before += value.length
  }
}

function combinationIn(x: Float64Array, before: number): Combination {
  return { noise: x[0], denoised: Array.from(x.subarray(1, before + 1)) }
}

function levelOf(sigma: Evaluation['sigma']): number {
  return typeof sigma === 'number' ? sigma : sigma[0]
}

/**
 * Coordinates of the images with which a table is compared with its solver, and their size, which is beyond any
 * clipping.
 */
const TRIED = 16
const TRIED_SIZE = 1e3
const TOLERANCE = 1e-10

/** Whether a table does with other noise and other answers what the solver does. */
function repeats(run: Run, table: Table): boolean {
  const rows = tableRows(table)
  const z = scattered(0)
  const answers = rows.map((_, place) => scattered(place + 1))
  const walk = layersAsked(run(z.map(value => table.start * value)), place => answers[place])
  const agree = (x: Float64Array, { noise, denoised }: Combination) =>
    isNear(x, combined(z, noise, denoised, answers), TOLERANCE)
  let place = 0
  for (const layer of table.layers) {
    const { done, value } = walk.next()
    if (done || value.length !== layer.length) return false
    const same = layer.every((row, k) => levelOf(value[k].sigma) === row.sigma && agree(value[k].x, row))
    place += layer.length
    if (!same || place > rows.length) return false
  }
  const { done, value } = walk.next()
  return done === true && agree(value, table.result)
}

/** Numbers without a pattern, the same ones every time. */
function scattered(seed: number): Float64Array {
  return Float64Array.from({ length: TRIED }, (_, i) => TRIED_SIZE * Math.sin(1 + 12.9898 * i + 78.233 * seed))
}

function isNear(a: Float64Array, b: Float64Array, tolerance: number): boolean {
  const largest = Math.max(...b.map(Math.abs), TRIED_SIZE)
  return a.length === b.length && a.every((value, i) => Math.abs(value - b[i]) <= tolerance * largest)
}
