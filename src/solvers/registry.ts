import { amed } from './amed.js'
import { bns } from './bns.js'
import type { SolverDescriptor } from './descriptor.js'
import { dpm2 } from './dpm2.js'
import { dyweight } from './dyweight.js'
import { epd } from './epd.js'
import { heun } from './heun.js'
import { METHODS } from './methods.js'
import { paradigms } from './paradigms.js'
import { pas } from './pas.js'
import { table } from './table-solver.js'

const [euler, ...multistep] = METHODS

/**
 * The solvers of the project. A new one is a file of its own and a line here; one that is a multistep method is listed
 * in `methods`.
 */
export const SOLVERS = [euler, heun, dpm2, ...multistep, paradigms, epd, amed, pas, bns, dyweight, table] as const

/** Solvers that can be told by their names. */
export type Solvers = readonly SolverDescriptor[]

/** @throws RangeError unless there is a solver of this name */
export function solverNamed(name: string, solvers: Solvers = SOLVERS): SolverDescriptor {
  const found = solvers.find(solver => solver.name === name)
  if (found) return found
  throw new RangeError(`there is no solver ${name}; there are ${solvers.map(solver => solver.name).join(', ')}`)
}
