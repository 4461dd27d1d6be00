import { ref } from '../reading/keys.js'
import type { Options, OptionsOf, OptionSchemas, SolverDescriptor } from './descriptor.js'
import { fits } from './option-values.js'
import { checkEnds, walkToEnd, type TableLearned } from './table-solver.js'
import type { Table } from './table.js'

const OPTIONS = {
  points: {
    description: 'Points evaluated at once in each layer after the first (K).',
    type: 'integer',
    minimum: 1,
    maximum: 64,
    default: 1
  },
  firstPoints: {
    description: 'Points evaluated at once in the first layer, all of them images of noise alone.',
    type: 'integer',
    minimum: 1,
    maximum: 64,
    default: 1
  },
  free: {
    description:
      "What is learned of each row: all of its numbers; weights, those of the model's answers, while an image that every answer is stays itself (with told, DyWeight's student); told, the noise levels that the model is told; times, noise levels together with where the row stands (with weights, the student of Generalized Solver).",
    enum: ['all', 'weights', 'weights+told', 'times', 'weights+times'],
    default: 'all'
  },
  start: {
    ...ref<unknown>('solverOrUsed'),
    description:
      'The linear solver whose table is learned from, at as many parallel NFE and on the same schedule unless it says otherwise, or { from: ... } with a predictor or a distill stage.',
    default: { name: 'ipndm', maxOrder: 3 },
    fixed: true,
    startsFrom: true
  }
} as const satisfies OptionSchemas

/** The options of a bespoke non-stationary solver. */
export type BnsOptions = OptionsOf<typeof OPTIONS>

/** Which numbers of a table are learned. */
export type Free = BnsOptions['free']

export function isFree(value: unknown): value is Free {
  return OPTIONS.free.enum.some(free => free === value)
}

/** A bespoke non-stationary solver as a student: all but the table that is to be found. */
export type BnsStudent = Partial<Pick<BnsOptions, 'points' | 'firstPoints' | 'free'>> & {
  readonly name: 'bns'
  /** The table that is learned from, as `tableOf` finds it. */
  readonly start: Table
}

/** @throws RangeError for options that are not as the schemas say */
export function bnsStudent(options: Options, start: Table | undefined): BnsStudent {
  if (!fits(OPTIONS, options)) throw new RangeError('bns: has options that it cannot have')
  if (!start) throw new RangeError('bns: needs a table to start from')
  const { points, firstPoints, free } = options
  return { name: 'bns', points, firstPoints, free, start }
}

/**
 * Bespoke non-stationary solver (Shaul et al. 2024, arXiv 2403.01329): all numbers of a sampler's table are learned,
 * from the noise level that each evaluation is told to the weight of every earlier answer. With several points a layer
 * it holds EPD on any base, DyWeight, learned time points and all linear solvers as special cases.
 */
export const bns: SolverDescriptor<'bns', BnsOptions, 'table', TableLearned> = {
  name: 'bns',
  title:
    'Bespoke non-stationary solver: a table of numbers, all of them learned, with any number of parallel evaluations in each of its layers.',
  options: OPTIONS,
  evaluationsAStep: 1,
  reachesZero: true,
  learns: 'table',
  ownTimePoints: true,
  layers: ({ points, firstPoints }, { nfe, zero }) =>
    Array.from({ length: nfe }, (_, i) => (i === 0 ? firstPoints : zero && i === nfe - 1 ? 1 : points)),
  checkTimePoints: checkEnds,
  start: walkToEnd
}
