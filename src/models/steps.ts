import { EpdError } from '../errors.js'
import { shown } from '../networks/arguments.js'

/** More steps than any chain has. A file that claims more would take the memory for them. */
export const MOST_STEPS = 1_000_000

/** The number of steps of a chain. @throws EpdError `model-invalid` for what is no whole number from 2 to a million */
export function chainSteps(steps: number, name: string): number {
  if (Number.isInteger(steps) && steps >= 2 && steps <= MOST_STEPS) return steps
  throw new EpdError('model-invalid', `${name} must be a whole number from 2 to ${MOST_STEPS}, found ${shown(steps)}`)
}
