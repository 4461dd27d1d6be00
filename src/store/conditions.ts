import { EpdError } from '../errors.js'
import { nearest, quote } from '../reading/problem.js'

/** What a property may hold. One that is not there, or null, meets `!=` alone. */
export type PropertyValue = string | number | boolean | null | undefined

/** What rows can be chosen by, by its name. */
export type Properties = ReadonlyMap<string, PropertyValue>

/** One condition, such as `nfe=5` or `rmse<0.05`. */
export interface Condition {
  readonly property: string
  readonly operator: Operator
  readonly wanted: string
}

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | '~'

const OPERATORS: Readonly<Record<Operator, (found: string, wanted: string) => boolean>> = {
  '=': isSame,
  '!=': (found, wanted) => !isSame(found, wanted),
  '<': (found, wanted) => Number(found) < Number(wanted),
  '<=': (found, wanted) => Number(found) <= Number(wanted),
  '>': (found, wanted) => Number(found) > Number(wanted),
  '>=': (found, wanted) => Number(found) >= Number(wanted),
  '~': (found, wanted) => found.toLowerCase().includes(wanted.toLowerCase())
}

const CONDITION = /^\s*([^=<>!~\s][^=<>!~]*?)\s*(<=|>=|!=|=|<|>|~)([^]*)$/

/** Where a condition ends and another one begins: at a comma or an "and" before a name and an operator. */
const BETWEEN = /(?:\s*,\s*|\s+and\s+)(?=[\w.-]+\s*(?:<=|>=|!=|=|<|>|~))/

/**
 * Reads conditions, all of which are to be met. Each text holds one, or several with commas or "and" between them:
 * `nfe=5`, `rmse<0.05 and solver~epd`. The operators are = and != (numbers are compared as such), <, <=, > and >= of
 * numbers, and ~ for texts that contain another, whatever its case.
 * @throws EpdError `usage`
 */
export function conditionsOf(texts: readonly string[]): Condition[] {
  return texts.flatMap(text => text.split(BETWEEN)).map(condition)
}

function condition(text: string): Condition {
  const [, property, written, wanted = ''] = CONDITION.exec(text) ?? []
  const operator = operators().find(each => each === written)
  if (operator === undefined)
    throw refused(`expected conditions such as nfe=5, rmse<0.05 or solver~epd, found ${quote(text)}`)
  if (isOfNumbers(operator) && !isNumber(wanted))
    throw refused(`${text.trim()}: ${operator} compares numbers; expected one behind it`)
  return { property, operator, wanted: wanted.trim() }
}

function operators(): readonly Operator[] {
  return ['=', '!=', '<', '<=', '>', '>=', '~']
}

function isOfNumbers(operator: Operator): boolean {
  return operator.startsWith('<') || operator.startsWith('>')
}

/** @throws EpdError `usage` where a condition is on a property that nothing has */
export function checkProperties(conditions: readonly Condition[], known: readonly string[], what: string): void {
  for (const { property } of conditions) if (!known.includes(property)) throw unknownProperty(property, known, what)
}

/** What is wrong where nothing has a property that is asked for. */
export function unknownProperty(property: string, known: readonly string[], what: string): EpdError {
  const near = nearest(property, known)
  const meant = near === undefined ? '' : `; did you mean ${quote(near)}?`
  return new EpdError('usage', `${what} have no ${property}; they have ${known.join(', ')}${meant}`)
}

/** Whether all conditions are met. */
export function meets(properties: Properties, conditions: readonly Condition[]): boolean {
  return conditions.every(({ property, operator, wanted }) => {
    const found = properties.get(property)
    if (found === null || found === undefined) return operator === '!='
    const text = String(found)
    return (!isOfNumbers(operator) || isNumber(text)) && OPERATORS[operator](text, wanted)
  })
}

function isSame(found: string, wanted: string): boolean {
  return found === wanted || (isNumber(found) && isNumber(wanted) && Number(found) === Number(wanted))
}

function isNumber(text: string): boolean {
  return text.trim() !== '' && !Number.isNaN(Number(text))
}

/**
 * Rows by a property, those without it last, and as they came where they are equal. A name with - before it has the
 * largest first.
 * @throws EpdError `usage` for a property that no row has
 */
export function sortedBy<T>(rows: readonly T[], by: string, of: (row: T) => Properties, what: string): T[] {
  const descending = by.startsWith('-')
  const property = descending ? by.slice(1) : by
  const all = rows.map(row => ({ row, value: of(row).get(property) }))
  const known = [...new Set(rows.flatMap(row => [...of(row).keys()]))]
  if (rows.length > 0 && !known.includes(property)) throw unknownProperty(property, known, what)
  const isThere = ({ value }: { readonly value: PropertyValue }) => value !== null && value !== undefined
  const sorted = all.filter(isThere).sort((a, b) => order(a.value, b.value) * (descending ? -1 : 1))
  return [...sorted, ...all.filter(one => !isThere(one))].map(({ row }) => row)
}

function order(a: PropertyValue, b: PropertyValue): number {
  const [left, right] = [String(a), String(b)]
  if (isNumber(left) && isNumber(right)) return Number(left) - Number(right)
  return left < right ? -1 : left > right ? 1 : 0
}

function refused(message: string): EpdError {
  return new EpdError('usage', `where: ${message}`, { subject: 'where' })
}
