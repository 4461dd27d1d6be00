import type { Effort, TableEffort } from '../distill/effort.js'
import { isFree } from '../solvers/bns.js'
import { evaluationsOf, layersOf, savesFirst, stepEvaluations } from '../solvers/nfe.js'
import { bound } from '../solvers/options.js'
import type { Solvers } from '../solvers/registry.js'
import { endsAtZero, pointsAboveZero, type SolverSpec } from '../solvers/spec.js'

/** Evaluations of the model that a solver takes for a sample, parallel ones each counted. */
export function evaluationsASample(solver: SolverSpec, solvers: Solvers): number {
  const { nfe, numSteps, schedule } = solver
  return evaluationsOf(bound(solver, solvers), { nfe, numSteps, zero: endsAtZero(schedule) })
}

/** Rows of each layer of a solver above a noise level of 0. */
function layersAbove(solver: SolverSpec, solvers: Solvers): readonly number[] {
  const { nfe, numSteps, schedule } = solver
  const zero = endsAtZero(schedule)
  const layers = layersOf(bound(solver, solvers), { nfe, numSteps, zero })
  return zero ? layers.slice(0, -1) : layers
}

/** What is learned of a student that is a table, and the solver whose table it starts from. */
export function tableEffort(student: SolverSpec, begin: SolverSpec, solvers: Solvers): TableEffort {
  const { options } = bound(student, solvers)
  return {
    layers: layersAbove(student, solvers),
    startLayers: layersAbove(begin, solvers),
    free: isFree(options.free) ? options.free : 'all'
  }
}

/** What a distillation of a student costs depends on. */
export function effortOf(
  student: SolverSpec,
  solvers: Solvers
): Pick<Effort, 'learns' | 'afs' | 'points' | 'scalesTime' | 'steps'> {
  const solver = bound(student, solvers)
  const { descriptor, options } = solver
  const corrects = descriptor.correctsLast?.(options, student.numSteps, endsAtZero(student.schedule)) ?? false
  return {
    learns: descriptor.learns,
    afs: savesFirst(solver),
    points: stepEvaluations(solver) - 1,
    scalesTime: typeof options.scaleTime === 'number' && options.scaleTime > 0,
    // An evaluation that corrects the last state is counted as a step.
    steps: pointsAboveZero(student) - 1 + (corrects ? 1 : 0)
  }
}
