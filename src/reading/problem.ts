import leven from 'leven'
import type { WayOut } from '../errors.js'

/** Where in a spec a value is: keys, and places in lists from 0. */
export type Path = readonly (string | number)[]

/** One thing that is wrong with a spec. */
export interface Problem {
  readonly path: Path
  /** "expected ..., found ..." */
  readonly message: string
  readonly wayOut?: WayOut
  /** Whether the key is at fault, not its value. */
  readonly atKey?: true
  /** Whether the key has no place there, so that what is around it is better looked at without. */
  readonly stray?: true
}

/** Takes what is wrong at a path of a spec, in words. */
export type Report = (path: Path, message: string, wayOut?: WayOut) => void

/** What was expected and what was found, with the nearest of the valid names where one is near. */
export function expected(what: string, found: unknown, names: readonly string[] = []): string {
  const near = typeof found === 'string' ? nearest(found, names) : undefined
  return `expected ${what}, found ${show(found)}${near === undefined ? '' : `; did you mean ${quote(near)}?`}`
}

/**
 * The candidate that a misspelt name most likely stands for: one letter or every third differs, or two have changed
 * places.
 */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    // Every letter that one has more than the other differs, so that a long name is not compared letter by letter.
    .filter(candidate => Math.abs(candidate.length - name.length) <= allowed(name, candidate))
    .map(candidate => ({ candidate, distance: leven(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(
      ({ candidate, distance }) =>
        (distance < longer(name, candidate) && distance <= allowed(name, candidate)) ||
        letters(name) === letters(candidate)
    )
    .sort((a, b) => a.distance - b.distance)
  return ranked.at(0)?.candidate
}

/** How many letters of a misspelt name may differ. */
function allowed(name: string, candidate: string): number {
  return Math.max(1, longer(name, candidate) / 3)
}

function longer(name: string, candidate: string): number {
  return Math.max(name.length, candidate.length)
}

function letters(name: string): string {
  return Array.from(name.toLowerCase()).sort().join('')
}

/** "a", "a or b", "a, b or c" */
export function either(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names[names.length - 1]}`
}

/** "a", "a and b", "a, b and c" */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`
}

export function quote(text: string): string {
  return JSON.stringify(shortened(text))
}

/** A path as it is said, in which a long key is cut. */
export function saidPath(path: Path): string {
  return path.map(key => shortened(String(key))).join('.')
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

function show(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (typeof value === 'string') return quote(value)
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return Object.keys(value).length === 0 ? 'an empty mapping' : 'a mapping'
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeof value
}
