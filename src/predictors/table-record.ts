import type { SolverSpec } from '../solvers/spec.js'
import type { Table } from '../solvers/table.js'

/** The solver that walks a table, on the noise levels of its ends. */
export function tableSolver({ sigmas, layers }: Pick<Table, 'sigmas' | 'layers'>): SolverSpec {
  const schedule = { type: 'explicit', sigmas } as const
  return { name: 'table', layers: layers.map(layer => layer.length), schedule, numSteps: 2, nfe: layers.length }
}
