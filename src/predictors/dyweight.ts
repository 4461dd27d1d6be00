import { dyweight, type DyweightPredictor } from '../solvers/dyweight.js'
import { isDyweight } from '../solvers/learned.js'
import { schedule } from '../solvers/schedule.js'
import { endsOf, type ScheduleSpec, type SolverSpec } from '../solvers/spec.js'
import { tableOf } from '../solvers/table-of.js'
import type { Table } from '../solvers/table.js'
import { modelOfDataset } from './datasets.js'
import { parseRecord, type PredictorRecord } from './record.js'
import { tableRecord } from './table-record.js'

/** A predictor of DyWeight's authors, with the settings of their sampler, which are looked at here. */
export interface DyweightSource {
  readonly name: unknown
  /** The data set, as the authors' code names it. */
  readonly dataset: unknown
  readonly afs: boolean
  readonly schedule: { readonly type?: unknown; readonly rho?: unknown }
  readonly weights: unknown
  readonly timeScales: unknown
}

/**
 * The data sets on whose models the authors' sampler goes from 80 to 0.002; on others it takes the model's own range.
 */
const OF_EDM: readonly unknown[] = ['cifar10', 'ffhq', 'afhqv2', 'imagenet64']
const EDM_RANGE = { sigmaMin: 0.002, sigmaMax: 80 }

/**
 * DyWeight's predictor as a record. Where its noise levels are known it is a table, which is exact up to rounding; else
 * it keeps its weights and its schedule, which the model completes. Time points are exact: the authors' code computes
 * them in single precision, which moves them by less than a millionth.
 * @throws EpdError `predictor-invalid`
 */
export function dyweightRecord(given: DyweightSource, source: string): PredictorRecord {
  const { name, dataset, afs, weights, timeScales } = given
  const { type, rho } = given.schedule
  const grid = { type, rho, ...(OF_EDM.includes(dataset) && EDM_RANGE) }
  const numSteps = Array.isArray(weights) ? weights.length + 1 : 0
  const own = parseRecord(
    {
      ...{ name, model: modelOfDataset(dataset), learned: { weights, timeScales } },
      solver: { name: dyweight.name, afs, schedule: grid, numSteps }
    },
    source
  )
  const { solver, learned } = own
  if (!isDyweight(learned) || needsModel(solver.schedule)) return own
  return tableRecord(() => tableOn(solver, learned), name, own.model, source)
}

/** The table that a predictor is on the noise levels of its schedule. */
function tableOn({ schedule: grid, numSteps, afs }: SolverSpec, predictor: DyweightPredictor): Table {
  return tableOf({ descriptor: dyweight, options: { afs, predictor } }, schedule({ ...grid, numSteps }))
}

function needsModel(grid: ScheduleSpec): boolean {
  const { sigmaMin, sigmaMax } = endsOf(grid)
  return grid.type === 'discrete' || sigmaMin === undefined || sigmaMax === undefined
}
