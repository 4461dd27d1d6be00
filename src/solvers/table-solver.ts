import type { OptionsOf, OptionSchemas, SolverDescriptor } from './descriptor.js'
import { toZero } from './march.js'
import type { Problem, SolverRun } from './solver.js'
import { walkTable, type Table } from './table.js'

const OPTIONS = {
  layers: {
    description: 'Evaluations in each layer of the table, the first layer first.',
    type: 'array',
    items: { type: 'integer', minimum: 1 },
    minItems: 1,
    maxItems: 10_000,
    needed: true,
    fixed: true
  }
} as const satisfies OptionSchemas

/** The options of a table. */
export type TableOptions = OptionsOf<typeof OPTIONS>

/** What solvers that walk a table are given beside their options. */
export type TableLearned = { readonly table: Table }

/**
 * Any linear sampler, walked by its numbers. Its time points are the noise levels of its two ends; a last noise level
 * of 0 after them is reached by one denoised step.
 */
export const table: SolverDescriptor<'table', TableOptions, 'table', TableLearned> = {
  name: 'table',
  title:
    'A sampler as a table of numbers, as an import or `{ from: "predictor:NAME" }` brings it: a parallel evaluation a layer.',
  options: OPTIONS,
  evaluationsAStep: 1,
  reachesZero: true,
  learns: 'table',
  onlyImported: true,
  ownTimePoints: true,
  nfe: ({ layers }, { numSteps }) => layers.length + numSteps - 2,
  layers: ({ layers }, { numSteps }) => [...layers, ...Array.from({ length: numSteps - 2 }, () => 1)],
  checkTimePoints: checkEnds,
  start: walkToEnd
}

/** @throws RangeError unless time points begin and end as the table does, or go on to 0 after it */
export function checkEnds({ table: { sigmas } }: TableLearned, given: Float64Array): void {
  const zero = given.length === 3 && given[2] === 0 && sigmas[1] > 0
  const ends = zero ? given.subarray(0, 2) : given
  if (ends.length === 2 && ends[0] === sigmas[0] && ends[1] === sigmas[1]) return
  throw new RangeError(`solve: the table leads from ${sigmas[0]} to ${sigmas[1]}; give these as its time points`)
}

/** Walks a table, and where a noise level of 0 follows, takes the step to it. */
export function* walkToEnd(problem: Problem, { table }: TableLearned): SolverRun {
  const x = yield* walkTable(problem, table)
  if (problem.sigmas.length === 2) return x
  const denoised = yield* toZero(x, problem.sigmas[1], table.layers.length, false)
  yield { reached: denoised }
  return denoised
}
