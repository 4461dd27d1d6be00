import { distillCost } from '../distill/distill.js'
import type { Effort } from '../distill/effort.js'
import { optimiserOf } from '../distill/registry.js'
import { parallelNfe, savesFirst, stepEvaluations } from '../solvers/nfe.js'
import { bound } from '../solvers/options.js'
import type { Solvers } from '../solvers/registry.js'
import { endsAtZero, pointsAboveZero } from '../solvers/spec.js'
import type { DistillStage, SampleStage, SolverSpec, Stage, TeacherStage } from '../spec/experiment.js'

/** What a stage will cost in evaluations of the model, all samples together. */
export interface Cost {
  readonly evaluations: number
  /** Whether it may be less, which only the run can tell. */
  readonly atMost: boolean
}

/**
 * What a stage will cost. `stages` are those of the experiment, among them those that the stage names; `solvers` are those that it may name.
 */
export function cost(stage: Stage, stages: readonly Stage[], solvers: Solvers): Cost {
  switch (stage.kind) {
    case 'teacher':
      return { evaluations: evaluationsOf(stage, solvers), atMost: false }
    case 'sample': {
      const { stopsItself } = bound(stage.solver, solvers).descriptor
      return { evaluations: evaluationsOf(stage, solvers), atMost: stopsItself !== undefined }
    }
    case 'distill':
      return {
        evaluations: distilled(stage, stages, solvers),
        atMost: optimiserOf(bound(stage.student, solvers).descriptor.learns, stage.optimizer.name)?.costsAtMost ?? false
      }
    case 'decode':
    case 'features':
    case 'score':
      return { evaluations: 0, atMost: false }
  }
}

export function evaluationsOf(stage: TeacherStage | SampleStage, solvers: Solvers): number {
  if (stage.kind === 'sample') return stage.seeds.length * evaluationsASample(stage.solver, solvers)
  const { solver, refine, substeps, grid, seeds } = stage
  return seeds.length * parallelNfe(bound(solver, solvers), (refine + 1) * (grid.numSteps - 1) * substeps + 1)
}

function evaluationsASample(solver: SolverSpec, solvers: Solvers): number {
  const { nfe, numSteps, schedule } = solver
  const { descriptor, options } = bound(solver, solvers)
  return descriptor.evaluations?.(options, { nfe, numSteps, zero: endsAtZero(schedule) }) ?? nfe
}

function distilled(
  { optimizer, student, learnSigmas, teacher, validation }: DistillStage,
  stages: readonly Stage[],
  solvers: Solvers
): number {
  const count = (name: string) => {
    const found = stages.find(stage => stage.name === name)
    return found?.kind === 'teacher' ? found.seeds.length : 0
  }
  return distillCost(optimizer, {
    ...effortOf(student, solvers),
    learnsSigmas: learnSigmas,
    training: count(teacher),
    validation: count(validation)
  })
}

function effortOf(
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
