import { flowTime } from '../solvers/coordinates.js'
import type { ExplicitSchedule, SolverSpec } from '../solvers/spec.js'
import type { Table } from '../solvers/table.js'

/** The solver that walks a table, on the noise levels of its ends; from infinite noise, on their times in a flow. */
export function tableSolver({ sigmas, layers }: Pick<Table, 'sigmas' | 'layers'>): SolverSpec {
  const schedule: ExplicitSchedule =
    sigmas[0] === Infinity ? { type: 'explicit', times: sigmas.map(flowTime) } : { type: 'explicit', sigmas }
  return { name: 'table', layers: layers.map(layer => layer.length), schedule, numSteps: 2, nfe: layers.length }
}
