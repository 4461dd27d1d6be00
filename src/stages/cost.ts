import { distillCost } from '../distill/distill.js'
import { parallelNfe } from '../solvers/nfe.js'
import type { DistillStage, SampleStage, SolverSpec, Stage, TeacherStage } from '../spec/experiment.js'

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
      return { evaluations: distilled(stage, stages), atMost: stage.optimizer.name === 'levenberg-marquardt' }
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
  return solver.name === 'epd' ? nfe + (solver.points - 1) * (numSteps - 1) : nfe
}

function distilled({ optimizer, student, teacher, validation }: DistillStage, stages: readonly Stage[]): number {
  const { afs, points, numSteps, scaleTime } = student
  const count = (name: string) => {
    const found = stages.find(stage => stage.name === name)
    return found?.kind === 'teacher' ? found.seeds.length : 0
  }
  const effort = { afs, points, scalesTime: scaleTime > 0, steps: numSteps - 1 }
  return distillCost(optimizer, { ...effort, training: count(teacher), validation: count(validation) })
}
