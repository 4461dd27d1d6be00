import type { MethodProblem, Options, SolverDescriptor } from './descriptor.js'
import { filled } from './filled.js'
import { METHODS, type BaseName } from './methods.js'
import type { Multistep } from './multistep.js'

/** The method that leads to a plug-in's intermediate states. `maxOrder`: 1 to the highest order that the method has. */
export function baseMethod(name: BaseName, problem: MethodProblem, maxOrder: number): Multistep {
  const base = baseNamed(name)
  if (!base?.method) throw new RangeError(`${name} is not a method that a solver can be plugged into`)
  return base.method(problem, filled(base, { maxOrder }))
}

function baseNamed(name: unknown): SolverDescriptor | undefined {
  return METHODS.find(each => each.name === name)
}

/**
 * The highest order that a solver's `maxOrder` may be: that of its base, if it is plugged into one that has an order.
 */
export function highestOrder({ options }: SolverDescriptor, { base }: Options): number {
  const own = limitOf(options)
  const other = limitOf(baseNamed(base)?.options ?? {})
  return Math.min(own, other)
}

function limitOf(options: SolverDescriptor['options']): number {
  const limit = Object.hasOwn(options, 'maxOrder') ? options.maxOrder.maximum : undefined
  return typeof limit === 'number' ? limit : Infinity
}
