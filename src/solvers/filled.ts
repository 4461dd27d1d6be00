import type { Options, OptionSchema, SolverDescriptor } from './descriptor.js'

/** Options with the values of those that are left out or undefined. */
export function filled({ options }: Pick<SolverDescriptor, 'options'>, given: object): Options {
  return { ...defaultsOf(options), ...definedIn(given) }
}

function defaultsOf(schemas: SolverDescriptor['options']): Options {
  const otherwise = ({ default: written, implied }: OptionSchema) => written ?? implied
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, otherwise(schema)]))
}

function definedIn(given: object): Options {
  const entries: [string, unknown][] = Object.entries(given)
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
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
