import { isInFlow } from './coordinates.js'
import type { MethodProblem, Options, SolverDescriptor } from './descriptor.js'
import { filled } from './filled.js'
import { METHODS, type BaseName } from './methods.js'
import type { Multistep } from './multistep.js'

/**
 * The method that leads to a plug-in's intermediate states. `maxOrder`: 1 to the highest order that the method has.
 *
 * @throws RangeError unless it is one that a solver can be plugged into
 */
export function baseMethod(problem: MethodProblem, { base: name, maxOrder, thresholding }: BaseOptions): Multistep {
  const base = baseNamed(name)
  if (!base?.method) throw new RangeError(`${name} is not a method that a solver can be plugged into`)
  return base.method(problem, filled(base, { maxOrder, thresholding }))
}

/** The options of a plug-in that its base is given. */
export interface BaseOptions {
  readonly base: BaseName
  readonly maxOrder: number
  readonly thresholding?: boolean
}

/** Why a plug-in is not linear with its base. */
export function nonlinearBase({ base, maxOrder, thresholding }: BaseOptions): string | undefined {
  const found = baseNamed(base)
  return found?.nonlinear?.(filled(found, { maxOrder, thresholding }))
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

/**
 * What does not go together with the coordinates of flow matching, as the name of an option and why; undefined where
 * nothing does not.
 */
export function unfitForFlow(
  { options: schemas }: Pick<SolverDescriptor, 'options'>,
  options: Options
): { readonly option: string; readonly why: string } | undefined {
  if (!isInFlow(options)) return undefined
  if (!hasCoordinates(schemas))
    return { option: 'coordinates', why: 'they make no difference to it, or have no meaning for it; leave them out' }
  const { afs, clipSample, base } = options
  if (afs === true) return { option: 'afs', why: 'the analytical gradient is that of images x0 + sigma n' }
  if (clipSample !== undefined)
    return {
      option: 'clipSample',
      why: "a flow's velocity holds the denoised image, which is then clamped and not clamped"
    }
  const plugged = baseNamed(base)
  if (plugged && !hasCoordinates(plugged.options))
    return {
      option: 'base',
      why: `${plugged.name} is defined by the ratio of signal to noise, which is the same in either`
    }
  return undefined
}

/** Whether a solver may step in either coordinates. A method of the ratio of signal to noise is the same in both. */
function hasCoordinates(options: SolverDescriptor['options']): boolean {
  return Object.hasOwn(options, 'coordinates')
}
