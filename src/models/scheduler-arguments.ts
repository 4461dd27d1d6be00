import { EpdError } from '../errors.js'
import { argumentsOf, shown } from '../networks/arguments.js'
import { MOST_STEPS } from './steps.js'

export type Values = Readonly<Record<string, unknown>>
export type Names<Value extends string> = Readonly<Record<string, Value>>

/** The values of a scheduler's keys, and the beginning of messages about them. */
export type SchedulerArguments = ReturnType<typeof argumentsOf> & { readonly where: string }

/** Reads the keys that have defaults, which count where a key is left out or null. */
export function readerOf(defaults: Values, config: Values, file: string): SchedulerArguments {
  const given = Object.entries(config).filter(([key, value]) => key in defaults && value !== null)
  const where = `${file}: `
  return { ...argumentsOf({ ...defaults, ...Object.fromEntries(given) }, where), where }
}

export function stepsOf(read: SchedulerArguments): number {
  const steps = read.count('num_train_timesteps')
  if (steps >= 2 && steps <= MOST_STEPS) return steps
  throw read.unsupported('num_train_timesteps', steps)
}

export function positive(read: SchedulerArguments, name: string): number {
  const value = read.number(name, NaN)
  if (value > 0 && Number.isFinite(value)) return value
  throw read.unsupported(name, value)
}

/** A number between 0 and 1, both left out. */
export function fraction(read: SchedulerArguments, name: string): number {
  const value = positive(read, name)
  if (value < 1) return value
  throw read.unsupported(name, value)
}

/** The meaning of the text under a name. @throws EpdError `model-invalid` for a text without one */
export function named<Value extends string>(
  read: SchedulerArguments,
  name: string,
  known: Names<Value>,
  otherwise: string
): Value {
  const found = read.value(name) ?? otherwise
  if (typeof found === 'string' && Object.hasOwn(known, found)) return known[found]
  throw new EpdError(
    'model-invalid',
    `${read.where}${name} is ${shown(found)}, which is not supported; known are ${Object.keys(known).join(', ')}`
  )
}
