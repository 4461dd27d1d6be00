import { unfitForFlow } from './base.js'
import { inFlow, isInFlow } from './coordinates.js'
import type { Bound, BoundSolver, Learns, SolverDescriptor } from './descriptor.js'
import { filled } from './filled.js'
import { multistep } from './multistep.js'
import { SOLVERS, solverNamed, type Solvers } from './registry.js'
import type { Problem, SolverRun } from './solver.js'
import type { SolverChoice } from './spec.js'

/** Any solver of the project. */
export type ListedSolver = (typeof SOLVERS)[number]

/** A solver by its name, with the options of its descriptor. */
export type ByName<Descriptor> =
  Descriptor extends SolverDescriptor<infer Name, infer Own, Learns, infer Given>
    ? { readonly name: Name } & Partial<Own> & Given
    : never

/**
 * A solver with its options: one of the project by its name, `{ name: 'dpmpp', maxOrder: 2 }`, or one of the caller's
 * own as a descriptor, `{ descriptor, options: { maxOrder: 2 } }`. Options that are left out have the defaults of their
 * schemas.
 */
export type SolverOptions = NamedSolver | BoundSolver

/** A solver of the project with its options. */
export type NamedSolver = ByName<ListedSolver>

/** A solver of the project without learned parameters, for which time points can be learned. */
export type PlainSolverOptions = ByName<Extract<ListedSolver, { readonly learns: 'time-points' }>>

/**
 * A solver, by its name or by its descriptor, with all its options.
 * @throws RangeError where there is none of that name
 */
export function bound(solver: SolverChoice | BoundSolver, solvers: Solvers = SOLVERS): Bound {
  const [descriptor, given] =
    'name' in solver ? [solverNamed(solver.name, solvers), solver] : [solver.descriptor, solver.options ?? {}]
  return { descriptor, options: filled(descriptor, given) }
}

/** Starts a solver on a problem. */
export function start(solver: SolverOptions, problem: Problem): SolverRun {
  const { descriptor, options } = bound(solver)
  const unfit = unfitForFlow(descriptor, options)
  if (unfit) throw new RangeError(`${descriptor.name}: ${unfit.option} with coordinates flow: ${unfit.why}`)
  return isInFlow(options)
    ? inFlow(problem, inner => begun({ descriptor, options }, inner))
    : begun({ descriptor, options }, problem)
}

function begun({ descriptor, options }: Bound, problem: Problem): SolverRun {
  if (descriptor.start) return descriptor.start(problem, options)
  if (descriptor.method) return multistep(problem, descriptor.method(problem, options), options.afs === true)
  throw new RangeError(`${descriptor.name}: has neither start nor method`)
}
