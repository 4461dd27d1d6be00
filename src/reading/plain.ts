import { randomUUID } from 'node:crypto'
import { AT_ONCE, jsonParts, withoutLists, type LongList } from './long-list.js'

/** A mapping of plain data. */
export type Mapping = Record<string, unknown>

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What is found in a value by one key or place; undefined where there is none. */
export function child(value: unknown, key: string | number): unknown {
  if (Array.isArray(value)) return Object.hasOwn(value, key) ? value[Number(key)] : undefined
  return isMapping(value) && Object.hasOwn(value, key) ? value[key] : undefined
}

export function at(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce(child, value)
}

/** The most levels of data within each other. */
export const DEPTH_MAX = 50

/** Plain data whose parts are all its own. @throws RangeError where it is nested too deep, as in a circle. */
export function copy(value: unknown, depth = 0): unknown {
  if (depth > DEPTH_MAX) throw new RangeError(`nested more than ${DEPTH_MAX} deep`)
  if (Array.isArray(value)) return value.map(item => copy(item, depth + 1))
  if (!isMapping(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item, depth + 1)]))
}

/** JSON in which objects have their keys in order, so that equal values are equal texts. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

/** The text of `canonical` in parts, so that no long list in it is ever held as a whole. */
export function* canonicalParts(value: unknown): Generator<string> {
  const lists: LongList<unknown>[] = []
  const mark = randomUUID()
  const text = canonical(
    withoutLists(value, list => (list.length > AT_ONCE ? `${mark} ${lists.push(list) - 1}` : [...list]))
  )
  if (lists.length === 0) {
    yield text
    return
  }
  const parts = text.split(new RegExp(`"${mark} (\\d+)"`))
  for (const [i, part] of parts.entries())
    if (i % 2 === 0) yield part
    else yield* jsonParts(lists[Number(part)])
}
