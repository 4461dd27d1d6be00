import { EpdError } from '../errors.js'
import { flowTime } from '../solvers/coordinates.js'
import type { ExplicitSchedule, SolverSpec } from '../solvers/spec.js'
import type { Table } from '../solvers/table.js'
import { parseRecord, type ModelMark, type PredictorRecord } from './record.js'

/** The solver that walks a table, on the noise levels of its ends; from infinite noise, on their times in a flow. */
export function tableSolver({ sigmas, layers }: Pick<Table, 'sigmas' | 'layers'>): SolverSpec {
  const schedule: ExplicitSchedule =
    sigmas[0] === Infinity ? { type: 'explicit', times: sigmas.map(flowTime) } : { type: 'explicit', sigmas }
  return { name: 'table', layers: layers.map(layer => layer.length), schedule, numSteps: 2, nfe: layers.length }
}

/**
 * A table as a record.
 * @param made makes it, and throws a RangeError where its numbers make none
 * @throws EpdError `predictor-invalid`
 */
export function tableRecord(made: () => Table, name: unknown, model: ModelMark, source: string): PredictorRecord {
  try {
    const table = made()
    return parseRecord({ name, solver: tableSolver(table), learned: table, model }, source)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new EpdError('predictor-invalid', `${source}: ${error.message}`, { cause: error })
  }
}
