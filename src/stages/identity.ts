import type { SolverSpec, Stage } from '../spec/experiment.js'

/** What a stage's result depends on, beside the model and its inputs' own results. */
export interface Identity {
  /** Of the stage's code: raised whenever the same parameters lead to another result. */
  readonly version: number
  /** Resolved parameters, without what changes no bit of the result (names, batch, how images are written). */
  readonly params: Readonly<Record<string, unknown>>
  /** Names of the stages that it reads, in a fixed order. */
  readonly inputs: readonly string[]
  readonly evaluatesModel: boolean
}

const VERSIONS = { teacher: 1, distill: 1, sample: 1, score: 1 } as const

export function identity(stage: Stage): Identity {
  const version = VERSIONS[stage.kind]
  switch (stage.kind) {
    case 'teacher': {
      const { solver, refine, substeps, grid, seeds } = stage
      return { version, params: { solver, refine, substeps, grid, seeds }, inputs: [], evaluatesModel: true }
    }
    case 'distill': {
      const { student, optimizer, objective, start, seed, teacher, validation } = stage
      const params = { student, optimizer, objective, start, seed }
      return { version, params, inputs: [teacher, validation], evaluatesModel: true }
    }
    case 'sample': {
      const { solver, seeds, from } = stage
      return { version, params: { solver, seeds }, inputs: from === undefined ? [] : [from], evaluatesModel: true }
    }
    case 'score': {
      const { samples, reference, dataset, metrics } = stage
      const params = { samples: samples.length, reference: reference !== undefined, dataset, metrics }
      return {
        version,
        params,
        inputs: reference === undefined ? samples : [...samples, reference],
        evaluatesModel: false
      }
    }
  }
}

/** What a stage costs in evaluations of the model; for a distillation, the most that it may cost. */
export function cost(stage: Stage): number {
  switch (stage.kind) {
    case 'teacher': {
      const steps = (stage.refine + 1) * (stage.grid.numSteps - 1) * stage.substeps
      const stages = stage.solver.name === 'heun' || stage.solver.name === 'dpm2' ? 2 : 1
      return stage.seeds.length * (stages * steps - Number(stage.solver.afs))
    }
    case 'sample':
      return stage.seeds.length * evaluationsASample(stage.solver)
    case 'distill':
    case 'score':
      return 0
  }
}

function evaluationsASample(solver: SolverSpec): number {
  return solver.name === 'epd' ? solver.nfe + (solver.points - 1) * (solver.numSteps - 1) : solver.nfe
}
