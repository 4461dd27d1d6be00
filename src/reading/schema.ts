import type { ErrorObject } from 'ajv/dist/2020.js'
import type { Schema, Typed } from './keys.js'
import { wrongPath } from './paths.js'
import { child, copy, isMapping } from './plain.js'
import { either, expected, quote, type Path, type Problem } from './problem.js'
import { validatorsOf, withoutStandIns } from './validators.js'

/** A part of a schema: a definition, or with an empty `$ref` all of it. */
export type Part<Value> = { readonly $ref: string } & Typed<Value>

/** A JSON Schema that values can be compared with. */
export interface Compiled {
  /** Puts defaults into a value, and says all that is wrong with it. */
  readonly check: (value: unknown, part?: Part<unknown>) => Problem[]
  readonly is: <Value>(part: Part<Value>) => (value: unknown) => value is Value
}

/**
 * A schema that has an `$id`, ready to be compared with. `isOwn` says that it is one of the project's own, which is
 * known to be a JSON Schema and was compiled with the project.
 * @throws Error where another one is no JSON Schema
 */
export function compiled(schema: Schema, options: { readonly isOwn?: boolean } = {}): Compiled {
  const validators = validatorsOf(schema, options)
  return {
    check(value, { $ref } = { $ref: '' }) {
      const validate = validators($ref)
      return validate(value) ? [] : problems(withoutStandIns(schema), validate.errors ?? [])
    },
    is<Value>({ $ref }: Part<Value>) {
      const validate = validators($ref)
      // To look at a value does not fill it.
      return (value: unknown): value is Value => validate(copy(value))
    }
  }
}

/** Errors of one value that are put in words: whoever has so many mends some, and asks again. */
const LOOKED_AT = 1000

/** ajv's errors as one problem a place. */
function problems(root: unknown, errors: readonly ErrorObject[]): Problem[] {
  const found = new Map<string, Problem>()
  for (const error of errors.slice(0, LOOKED_AT)) {
    const problem = toProblem(root, error)
    if (problem && !found.has(JSON.stringify(problem.path))) found.set(JSON.stringify(problem.path), problem)
  }
  return [...found.values()]
}

function toProblem(root: unknown, error: ErrorObject): Problem | undefined {
  const { keyword, schema, parentSchema, data, instancePath, propertyName } = error
  const path = pointer(instancePath)
  const parameter = (name: string): unknown => child(error.params, name)
  switch (keyword) {
    case 'if':
      return undefined
    case 'required':
      return missing(root, path, String(parameter('missingProperty')), parentSchema)
    case 'false schema':
      return { path, atKey: true, stray: true, message: 'expected nfe or numSteps, found both' }
    case 'additionalProperties':
      return unknownKey(path, String(parameter('additionalProperty')), parentSchema)
    case 'propertyNames': {
      const name = String(parameter('propertyName'))
      const what = expectation(root, schema)
      return { path: [...path, name], atKey: true, message: expected(what, name) }
    }
    case 'discriminator': {
      const tag = String(parameter('tag'))
      const names = tags(root, parentSchema, tag)
      return { path: [...path, tag], message: expected(either(names.map(quote)), child(data, tag), names) }
    }
    case 'uniqueItems': {
      const twice = child(data, Number(parameter('i')))
      return { path: [...path, Number(parameter('i'))], message: expected('each entry once', twice) + ' again' }
    }
    default:
      if (propertyName !== undefined) return undefined
      return { path, message: unfit(root, keyword, parentSchema, data) }
  }
}

/** What is wrong with a value by itself: of a path more than that it is none, of a number its limits. */
function unfit(root: unknown, keyword: string, schema: unknown, data: unknown): string {
  const title = child(schema, 'title')
  if (keyword === 'pattern' && typeof data === 'string' && typeof title === 'string' && title.startsWith('a path')) {
    const wrong = wrongPath(data)
    if (wrong !== undefined) return wrong
  }
  const limits = typeof title === 'string' && LIMITS.has(keyword) ? `, each${bounds(schema)}` : ''
  return expected(`${expectation(root, schema)}${limits}`, data, choices(schema))
}

const LIMITS = new Set(['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'])

function pointer(text: string): Path {
  return text
    .split('/')
    .slice(1)
    .map(key => key.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map(key => (/^\d+$/.test(key) ? Number(key) : key))
}

function missing(root: unknown, path: Path, key: string, schema: unknown): Problem {
  if (key === 'nfe') return { path, message: 'expected nfe or numSteps, found neither' }
  const union = child(schema, 'discriminator') !== undefined
  const names = union ? tags(root, schema, key) : []
  const what = union ? either(names.map(quote)) : expectation(root, child(child(schema, 'properties'), key))
  return { path: [...path, key], message: expected(what, undefined) }
}

function unknownKey(path: Path, key: string, schema: unknown): Problem {
  const properties = child(schema, 'properties')
  const keys = isMapping(properties) ? Object.keys(properties) : []
  return {
    path: [...path, key],
    atKey: true,
    stray: true,
    message: expected(`one of the keys ${keys.join(', ')}`, key, keys)
  }
}

/** The values of a union's tag, one a branch. */
function tags(root: unknown, schema: unknown, tag: string): string[] {
  const branches = child(schema, 'oneOf')
  if (!Array.isArray(branches)) return []
  return branches.flatMap(branch => choices(child(child(resolved(root, branch), 'properties'), tag)))
}

function choices(schema: unknown): string[] {
  const values = child(schema, 'enum') ?? [child(schema, 'const')]
  return Array.isArray(values) ? values.filter(value => typeof value === 'string') : []
}

/** A schema in words: its choices, its title, or its type with its bounds. */
function expectation(root: unknown, given: unknown): string {
  const title = child(given, 'title')
  if (typeof title === 'string') return title
  const schema = resolved(root, given)
  if (schema !== given) return expectation(root, schema)
  const names = choices(schema)
  if (names.length > 0) return either(names.map(quote))
  return `${TYPE_WORDS[String(child(schema, 'type'))] ?? 'another value'}${bounds(schema)}`
}

/** The types of JSON Schema, in words. */
export const TYPE_WORDS: Readonly<Record<string, string | undefined>> = {
  object: 'a mapping',
  array: 'a list',
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false'
}

/** The bounds of a number, as the end of what one is called: " from 0 to below 1"; empty where it has none. */
export function bounds(schema: unknown): string {
  const [minimum, above, maximum, below] = ['minimum', 'exclusiveMinimum', 'maximum', 'exclusiveMaximum'].map(
    keyword => {
      const value = child(schema, keyword)
      return typeof value === 'number' ? value : undefined
    }
  )
  const most = maximum === undefined ? '' : `at most ${maximum}`
  const upper = below === undefined ? most : `below ${below}`
  if (minimum !== undefined) {
    if (upper === '') return ` from ${minimum}`
    return ` from ${minimum} to ${below === undefined ? maximum : upper}`
  }
  const lower = above === undefined ? '' : `above ${above}`
  return [lower, upper].some(part => part !== '') ? ` ${[lower, upper].filter(part => part !== '').join(' and ')}` : ''
}

/** A schema, or the one in $defs that it refers to. */
function resolved(root: unknown, schema: unknown): unknown {
  const reference = child(schema, '$ref')
  return typeof reference === 'string' ? pointer(reference).reduce(child, root) : schema
}
