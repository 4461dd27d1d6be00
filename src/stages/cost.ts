import type { Effort } from '../distill/effort.js'
import { evaluationsAStep } from '../solvers/nfe.js'
import { endsAtZero, pointsAboveZero, type SolverSpec, type StudentSpec } from '../solvers/spec.js'

/** Evaluations of the model that a solver takes for a sample, parallel ones each counted. */
export function evaluationsASample(solver: SolverSpec): number {
  const { nfe, numSteps } = solver
  if (solver.name === 'paradigms') return nfe * Math.min(solver.window, numSteps - 1)
  return solver.name === 'epd' ? nfe + (solver.points - 1) * (pointsAboveZero(solver) - 1) : nfe
}

/** What a distillation of a student costs depends on. */
export function effortOf(student: StudentSpec): Pick<Effort, 'solver' | 'afs' | 'points' | 'scalesTime' | 'steps'> {
  const { name, afs } = student
  const steps = pointsAboveZero(student) - 1
  if (name === 'epd') return { solver: name, afs, points: student.points, scalesTime: student.scaleTime > 0, steps }
  if (name === 'amed') return { solver: name, afs, points: 1, scalesTime: student.scaleTime > 0, steps }
  // unipc may correct its last state by one evaluation more, and does before a step to 0: counted as a step.
  const corrected =
    name === 'unipc' &&
    (student.numSteps <= student.maxOrder || student.correctLast === true || endsAtZero(student.schedule))
      ? 1
      : 0
  return { solver: 'plain', afs, points: evaluationsAStep(name) - 1, scalesTime: false, steps: steps + corrected }
}
