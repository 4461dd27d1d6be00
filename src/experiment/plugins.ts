import type { SolverDescriptor } from '../solvers/descriptor.js'
import { SOLVERS, type Solvers } from '../solvers/registry.js'
import type { StageBase } from '../stages/kind.js'
import { STAGE_KINDS, type StageKinds } from '../stages/registry.js'

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
export function pluginOf(
  stage: StageBase,
  plugins: readonly Plugin[] = [],
  kinds: StageKinds = STAGE_KINDS
): Plugin | undefined {
  const name = kinds.of(stage).solver?.(stage).name
  return plugins.find(({ solver }) => solver.name === name)
}
