import type { SolverDescriptor } from '../solvers/descriptor.js'
import { SOLVERS, type Solvers } from '../solvers/registry.js'

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

/** The plugin that has brought the solver of this name, if one has. */
export function pluginOf(name: string | undefined, plugins: readonly Plugin[] = []): Plugin | undefined {
  return plugins.find(({ solver }) => solver.name === name)
}
