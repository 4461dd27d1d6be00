import { at, child, isMapping } from '../../src/reading/plain.js'
import { bounds, TYPE_WORDS } from '../../src/reading/schema.js'

/** Sentences as one paragraph. */
export function paragraph(...sentences: readonly string[]): string {
  return sentences.join(' ')
}

/** A table of Markdown. Cells may hold Markdown themselves. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

export function code(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}

/** Names in a sentence, each as code. */
export function listed(names: readonly string[], last: 'and' | 'or' = 'and'): string {
  const words = names.map(code)
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words[words.length - 1]}`
}

function textAt(value: unknown, key: string): string | undefined {
  const text = child(value, key)
  return typeof text === 'string' ? text : undefined
}

/** A key of a spec as a row: its name, what it may be, its default, and what it does. */
export function keyRow(root: unknown, name: string, schema: unknown, isNeeded = false): string[] {
  const defaults = [child(schema, 'default'), child(schema, 'implied')].filter(value => value !== undefined)
  const otherwise = isNeeded ? 'must be given' : defaults.map(code).join('')
  return [code(name), valuesOf(root, schema), otherwise, textAt(schema, 'description') ?? described(root, schema)]
}

export const KEY_HEAD = ['key', 'value', 'default', 'what it does']

function described(root: unknown, schema: unknown): string {
  return textAt(referred(root, schema), 'description') ?? ''
}

/** What a schema allows, in a few words. */
function valuesOf(root: unknown, schema: unknown): string {
  const value = child(child(schema, 'anyOf'), 0) ?? schema
  const constant = child(value, 'const')
  if (constant !== undefined) return code(constant)
  const choices = child(value, 'enum')
  if (Array.isArray(choices)) return choices.map(code).join(', ')
  const known = NAMES[nameOf(value)]
  if (known !== undefined) return known
  const title = textAt(value, 'title')
  if (title !== undefined) return title
  const named = referred(root, value)
  if (named !== undefined) return valuesOf(root, named)
  return `${TYPES[String(child(value, 'type'))] ?? 'a value'}${bounds(value)}`
}

/** What some definitions are called here, in place of their titles for messages. */
const NAMES: Readonly<Record<string, string | undefined>> = {
  location: 'a path or an [address](../assets.md)',
  seeds: 'seeds, such as `0-63` or `1,2,5-10`',
  schedule: '[time points](../schedules.md)',
  optimizer: 'an optimiser',
  features: 'a [network of features](#features-of-a-stage)'
}

const TYPES: typeof TYPE_WORDS = { ...TYPE_WORDS, boolean: '`true`, `false`' }

function nameOf(schema: unknown): string {
  return (textAt(schema, '$ref') ?? '').replace('#/$defs/', '')
}

/** What a schema refers to; undefined where it refers to nothing. */
function referred(root: unknown, schema: unknown): unknown {
  return isMapping(schema) && '$ref' in schema ? at(root, ['$defs', nameOf(schema)]) : undefined
}

/** What a definition of the schema says, with its keys as a table. */
export function definitionOf(root: unknown, name: string): string[] {
  const definition = at(root, ['$defs', name])
  const mapping = child(definition, 'properties') === undefined ? at(definition, ['anyOf', 0]) : definition
  const properties = child(mapping, 'properties')
  const needed = child(mapping, 'required')
  const keys = isMapping(properties) ? Object.entries(properties) : []
  const isNeeded = (key: string) => Array.isArray(needed) && needed.includes(key)
  return [
    String(child(definition, 'description')),
    table(
      KEY_HEAD,
      keys.map(([key, schema]) => keyRow(root, key, schema, isNeeded(key)))
    )
  ]
}
