import type { Options, OptionSchema, OptionSchemas, OptionsOf } from './descriptor.js'

/** Whether options are as their schemas say. */
export function fits<Schemas extends OptionSchemas>(schemas: Schemas, options: Options): options is OptionsOf<Schemas> {
  return Object.entries(schemas).every(([name, schema]) => {
    const value = options[name]
    if (value === undefined) return schema.default === undefined && schema.implied === undefined
    return wantedOf(value, schema) === undefined
  })
}

/**
 * What a value should be, where it is something else; undefined where it fits, or the schema says nothing that is
 * looked at here.
 */
export function wantedOf(value: unknown, schema: OptionSchema): string | undefined {
  const { type, enum: choices } = schema
  if (Array.isArray(choices)) return choices.includes(value) ? undefined : `one of ${choices.join(', ')}`
  if (type === 'boolean') return typeof value === 'boolean' ? undefined : 'true or false'
  if (type !== 'integer' && type !== 'number') return undefined
  const sound = typeof value === 'number' && (type === 'integer' ? Number.isInteger(value) : !Number.isNaN(value))
  const bounds = boundsOf(schema)
  return sound && bounds.every(({ holds }) => holds(value)) ? undefined : describe(type, schema, bounds)
}

interface Bounds {
  readonly words: string
  readonly holds: (value: number) => boolean
}

function boundsOf({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: OptionSchema): Bounds[] {
  const bound = (limit: unknown, words: string, holds: (value: number, limit: number) => boolean): Bounds[] =>
    typeof limit === 'number' ? [{ words: `${words} ${limit}`, holds: value => holds(value, limit) }] : []
  return [
    ...bound(minimum, 'at least', (value, limit) => value >= limit),
    ...bound(exclusiveMinimum, 'above', (value, limit) => value > limit),
    ...bound(maximum, 'at most', (value, limit) => value <= limit),
    ...bound(exclusiveMaximum, 'below', (value, limit) => value < limit)
  ]
}

function describe(type: 'integer' | 'number', { minimum, maximum }: OptionSchema, bounds: readonly Bounds[]): string {
  const within = bounds.map(({ words }) => words).join(' and ')
  if (type === 'number') return within === '' ? 'a number' : within
  const ends = typeof minimum === 'number' && typeof maximum === 'number' ? `from ${minimum} to ${maximum}` : within
  return `a whole number ${ends}`.trim()
}
