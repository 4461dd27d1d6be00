import type { Options, OptionSchema, SolverDescriptor } from './descriptor.js'

/** Options with the values of those that are left out or undefined. */
export function filled({ options }: Pick<SolverDescriptor, 'options'>, given: object): Options {
  const made: Record<string, unknown> = { ...defaultsOf(options) }
  const entries: [string, unknown][] = Object.entries(given)
  for (const [name, value] of entries) if (value !== undefined) made[name] = value
  return made
}

/** The values of options that are left out, by their schemas, which never change. */
const DEFAULTS = new WeakMap<SolverDescriptor['options'], Options>()

function defaultsOf(schemas: SolverDescriptor['options']): Options {
  const known = DEFAULTS.get(schemas)
  if (known) return known
  const otherwise = ({ default: written, implied }: OptionSchema) => written ?? implied
  const found = Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, otherwise(schema)]))
  DEFAULTS.set(schemas, found)
  return found
}

/** Options without those that say what is implied, so that a resolved spec does not say it. */
export function withoutImplied<Given extends object>(
  { options }: Pick<SolverDescriptor, 'options'>,
  given: Given
): Given {
  const entries: [string, unknown][] = Object.entries(given)
  const said = entries.filter(([name, value]) => Object.hasOwn(options, name) && options[name].implied === value)
  return said.reduce((rest, [name]) => ({ ...rest, [name]: undefined }), given)
}
