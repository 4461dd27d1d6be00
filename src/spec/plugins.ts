import type { SolverDescriptor } from '../solvers/descriptor.js'
import { SOLVERS, type Solvers } from '../solvers/registry.js'
import type { Stage } from './experiment.js'

/** A solver that a module beside the spec has brought. */
export interface Plugin {
  /** Absolute path of the module. */
  readonly file: string
  /** SHA-256 of the module. */
  readonly digest: string
  readonly solver: SolverDescriptor
}

/** The solvers that a spec with these plugins may name. */
export function solversWith(plugins: readonly Plugin[] = []): Solvers {
  return plugins.length === 0 ? SOLVERS : [...SOLVERS, ...plugins.map(({ solver }) => solver)]
}

/** The plugin whose solver a stage runs, if it is one's. */
export function pluginOf(stage: Stage, plugins: readonly Plugin[] = []): Plugin | undefined {
  const name = solverName(stage)
  return plugins.find(({ solver }) => solver.name === name)
}

function solverName(stage: Stage): string | undefined {
  if (stage.kind === 'distill') return stage.student.name
  return stage.kind === 'teacher' || stage.kind === 'sample' ? stage.solver.name : undefined
}
