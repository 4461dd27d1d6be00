import type { Effort } from '../distill/effort.js'
import { savesFirst, stepEvaluations } from '../solvers/nfe.js'
import { bound } from '../solvers/options.js'
import type { Solvers } from '../solvers/registry.js'
import { endsAtZero, pointsAboveZero, type SolverSpec } from '../solvers/spec.js'

/** Evaluations of the model that a solver takes for a sample, parallel ones each counted. */
export function evaluationsASample(solver: SolverSpec, solvers: Solvers): number {
  const { nfe, numSteps, schedule } = solver
  const { descriptor, options } = bound(solver, solvers)
  return descriptor.evaluations?.(options, { nfe, numSteps, zero: endsAtZero(schedule) }) ?? nfe
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
