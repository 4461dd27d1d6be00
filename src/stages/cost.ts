import { distillCost } from '../distill/distill.js'
import type { Effort } from '../distill/effort.js'
import { optimiserOf } from '../distill/registry.js'
import { subjectOf } from '../distill/student.js'
import { evaluationsAStep, parallelNfe } from '../solvers/nfe.js'
import { endsAtZero, pointsAboveZero } from '../solvers/spec.js'
import type { DistillStage, SampleStage, SolverSpec, Stage, StudentSpec, TeacherStage } from '../spec/experiment.js'

/** What a stage will cost in evaluations of the model, all samples together. */
export interface Cost {
  readonly evaluations: number
  /** Whether it may be less, which only the run can tell. */
  readonly atMost: boolean
}

/** `stages`: of the experiment, among them those that the stage names. */
export function cost(stage: Stage, stages: readonly Stage[]): Cost {
  switch (stage.kind) {
    case 'teacher':
    case 'sample':
      return { evaluations: evaluationsOf(stage), atMost: stage.kind === 'sample' && stage.solver.name === 'paradigms' }
    case 'distill':
      return {
        evaluations: distilled(stage, stages),
        atMost: optimiserOf(subjectOf(stage.student), stage.optimizer.name)?.costsAtMost ?? false
      }
    case 'decode':
    case 'features':
    case 'score':
      return { evaluations: 0, atMost: false }
  }
}

export function evaluationsOf(stage: TeacherStage | SampleStage): number {
  if (stage.kind === 'sample') return stage.seeds.length * evaluationsASample(stage.solver)
  const { solver, refine, substeps, grid, seeds } = stage
  return seeds.length * parallelNfe(solver, (refine + 1) * (grid.numSteps - 1) * substeps + 1)
}

function evaluationsASample(solver: SolverSpec): number {
  const { nfe, numSteps } = solver
  if (solver.name === 'paradigms') return nfe * Math.min(solver.window, numSteps - 1)
  return solver.name === 'epd' ? nfe + (solver.points - 1) * (pointsAboveZero(solver) - 1) : nfe
}

function distilled(
  { optimizer, student, learnSigmas, teacher, validation }: DistillStage,
  stages: readonly Stage[]
): number {
  const count = (name: string) => {
    const found = stages.find(stage => stage.name === name)
    return found?.kind === 'teacher' ? found.seeds.length : 0
  }
  return distillCost(optimizer, {
    ...effortOf(student),
    learnsSigmas: learnSigmas,
    training: count(teacher),
    validation: count(validation)
  })
}

function effortOf(student: StudentSpec): Pick<Effort, 'solver' | 'afs' | 'points' | 'scalesTime' | 'steps'> {
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
