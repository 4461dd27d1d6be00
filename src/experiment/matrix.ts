import { createHash } from 'node:crypto'
import type { StageBase } from '../stages/kind.js'
import type { StageKinds } from '../stages/registry.js'
import { TOO_DEEP } from '../reading/depth.js'
import { pinAsText } from '../reading/location.js'
import { canonical, canonicalInShort, child, DEPTH_MAX, isMapping, mapped, type Mapping } from '../reading/plain.js'
import { either, expected, type Path, type Report } from '../reading/problem.js'
import { remembering, type Remembering } from './memo.js'

/** One value of each axis, and the names of those that the matrix names. */
export interface Case {
  readonly values: Readonly<Record<string, unknown>>
  readonly names: Readonly<Record<string, string | undefined>>
}

const MAX_CASES = 1000
/** Values of an axis, combinations and stages: more of them make more cases, or more stages, than are run. */
const MAX_ENTRIES = 1000
const NO_AXES: Case = { values: {}, names: {} }

/** Reports parts of a spec of so many entries that what follows would take its time over them. */
export function reportOversized(spec: unknown, report: Report): void {
  const parts: [Path, unknown][] = [[['stages'], child(spec, 'stages')]]
  const matrix = child(spec, 'matrix')
  if (isMapping(matrix)) for (const [key, value] of Object.entries(matrix)) parts.push([['matrix', key], value])
  for (const [path, value] of parts) {
    const count = Array.isArray(value) || isMapping(value) ? Object.keys(value).length : 0
    if (count > MAX_ENTRIES) report(path, `expected at most ${MAX_ENTRIES} entries, found ${count}`)
  }
}

/** The cases of a spec's matrix, which the schema has passed: one without axes where it has none. */
export function casesOf(spec: unknown, report: Report): Case[] {
  const matrix = child(spec, 'matrix')
  if (!isMapping(matrix)) return [NO_AXES]
  const { include, exclude, ...rest } = matrix
  reportUnused(spec, matrix, report)
  const axes = Object.entries(rest).map(([axis, values]) => ({ axis, choices: choicesOf(axis, values) }))
  const product = axes.reduce((sum, { choices }) => sum * choices.length, 1)
  if (product > MAX_CASES) {
    report(['matrix'], `expected at most ${MAX_CASES} cases, found ${product}`)
    return []
  }
  const all = axes.reduce<Case[]>(
    (cases, { choices }) => cases.flatMap(one => choices.map(choice => joined(one, choice))),
    [NO_AXES]
  )
  const patterns = (list: unknown) => mappingsOf(list).map(pattern => patternOf(pattern, axes))
  const excluded = patterns(exclude)
  const kept = all.filter(one => !excluded.some(pattern => matches(one, pattern.values)))
  const names = axes.map(({ axis }) => axis)
  const cases = patterns(include).reduce((found, extra) => including(found, extra, names), kept)
  if (cases.length === 0) report(['matrix'], 'expected a case that is not excluded, found none')
  return cases
}

/**
 * Values that make no difference: an axis, or a further value of an included case, that stands nowhere as
 * `matrix.NAME`. An axis that included cases name chooses between their other values, which is a use as well.
 */
function reportUnused(spec: unknown, matrix: Mapping, report: Report): void {
  const { include, exclude, ...axes } = matrix
  const included = mappingsOf(include)
  const rest = isMapping(spec) ? Object.entries(spec).filter(([key]) => key !== 'matrix') : []
  const used = namesIn([rest, Object.values(axes), included])
  const chooses = (axis: string) =>
    included.some(one => Object.hasOwn(one, axis) && Object.keys(one).some(name => name !== axis && used.has(name)))
  const unused = (name: string) => `expected matrix.${name} somewhere in the spec, which would use it, found it nowhere`
  for (const axis of Object.keys(axes)) if (!used.has(axis) && !chooses(axis)) report(['matrix', axis], unused(axis))
  included.forEach((one, i) => {
    for (const name of Object.keys(one))
      if (!Object.hasOwn(axes, name) && !used.has(name)) report(['matrix', 'include', i, name], unused(name))
  })
  mappingsOf(exclude).forEach((one, i) => {
    for (const name of Object.keys(one))
      if (!Object.hasOwn(axes, name))
        report(['matrix', 'exclude', i, name], expected(either(Object.keys(axes)), name, Object.keys(axes)))
  })
}

/** The names of all values that a part of a spec refers to. */
function namesIn(value: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(value) || isMapping(value)) for (const part of Object.values(value)) namesIn(part, found)
  const name = axisIn(value)
  if (name !== undefined) found.add(name)
  return found
}

/** An axis as cases of it alone: a list of values, or values by name. */
function choicesOf(axis: string, values: unknown): Case[] {
  if (Array.isArray(values)) return values.map((value: unknown) => ({ values: { [axis]: value }, names: {} }))
  if (!isMapping(values)) return []
  return Object.entries(values).map(([name, value]) => ({ values: { [axis]: value }, names: { [axis]: name } }))
}

function joined(a: Case, b: Case): Case {
  return { values: { ...a.values, ...b.values }, names: { ...a.names, ...b.names } }
}

/** A combination as it is written: a value that has a name may be given by it. */
function patternOf(pattern: Mapping, axes: readonly { axis: string; choices: readonly Case[] }[]): Case {
  return Object.entries(pattern).reduce<Case>((found, [axis, value]) => {
    const own = axes.find(each => each.axis === axis)?.choices
    const named = own?.find(({ names }) => names[axis] === value)
    return joined(found, named ?? { values: { [axis]: value }, names: {} })
  }, NO_AXES)
}

/**
 * Cases with another one: its further values go to each case that has its values of the axes, or it stands by itself.
 */
function including(cases: readonly Case[], extra: Case, axes: readonly string[]): Case[] {
  const own = Object.fromEntries(Object.entries(extra.values).filter(([name]) => axes.includes(name)))
  const found = cases.some(one => matches(one, own))
  return found ? cases.map(one => (matches(one, own) ? joined(one, extra) : one)) : [...cases, extra]
}

function matches({ values }: Case, pattern: Mapping): boolean {
  return Object.entries(pattern).every(([name, value]) => canonical(values[name]) === canonical(value))
}

export function mappingsOf(value: unknown): Mapping[] {
  return Array.isArray(value) ? value.filter(isMapping) : []
}

/** Values that one case may put in. Values that name others many times grow beyond any memory. */
const MAX_PUT_IN = 10_000

/** The keys that lead to a value, the last one first. They are made a path only where something is wrong there. */
type Trail = { readonly key: string | number; readonly depth: number; readonly before: Trail } | undefined

function pathOf(trail: Trail): Path {
  const path: (string | number)[] = []
  for (let at = trail; at; at = at.before) path.unshift(at.key)
  return path
}

/**
 * A spec in one case: each text `matrix.NAME` is the case's value of NAME, in which others may stand, and then each
 * `{ url, sha256 }` is the text that says the same.
 */
export function inCase(spec: unknown, { values }: Case, report: Report): unknown {
  let left = MAX_PUT_IN
  const within = (key: string | number, before: Trail): Trail => ({ key, depth: (before?.depth ?? 0) + 1, before })
  const put = (value: unknown, trail: Trail, names: readonly string[]): unknown => {
    if (names.length > 0 && left-- <= 0) {
      const tooMany = `expected at most ${MAX_PUT_IN} values of the matrix in all places, found more`
      if (left === -1) report(pathOf(trail), tooMany)
      return undefined
    }
    if (trail && trail.depth > DEPTH_MAX) {
      report(pathOf(trail), TOO_DEEP)
      return undefined
    }
    if (Array.isArray(value)) return value.map((item, i) => put(item, within(i, trail), names))
    if (isMapping(value)) return pinAsText(mapped(value, (item, key) => put(item, within(key, trail), names)))
    const name = axisIn(value)
    if (name === undefined) return value
    if (Object.hasOwn(values, name) && !names.includes(name)) return put(values[name], trail, [...names, name])
    const others = Object.keys(values).filter(axis => !names.includes(axis))
    const references = others.map(axis => `matrix.${axis}`)
    const what = others.length === 0 ? 'a value, as there is no matrix' : either(references)
    report(pathOf(trail), expected(what, value, references))
    return undefined
  }
  if (!isMapping(spec)) return spec
  const parts = Object.entries(spec).filter(([key]) => key !== 'matrix')
  return mapped(Object.fromEntries(parts), (value, key) => put(value, within(key, undefined), []))
}

const REFERENCE = /^matrix\.([A-Za-z][A-Za-z0-9_-]*)$/

/** The axis that a value refers to, `matrix.NAME`. */
export function axisIn(value: unknown): string | undefined {
  return typeof value === 'string' ? REFERENCE.exec(value)?.[1] : undefined
}

/** A case in words: "nfe 3 and solver epd". */
export function describeCase({ values, names }: Case): string {
  return Object.entries(values)
    .map(([axis, value]) => `${axis} ${names[axis] ?? labelOf(value) ?? canonical(value)}`)
    .join(' and ')
}

function labelOf(value: unknown): string | undefined {
  if (isMapping(value)) return typeof value.name === 'string' ? value.name : undefined
  return Array.isArray(value)
    ? undefined
    : canonical(value)
        .replaceAll(/[^A-Za-z0-9._+-]+/g, '-')
        .replaceAll(/^-|-$/g, '')
}

/**
 * The stages of all cases as one experiment's. A stage that is the same in all is there once; the others are named by
 * the axes that make a difference to them, `samples@nfe=3,solver=epd`.
 */
export function merged(
  cases: readonly { readonly of: Case; readonly stages: readonly StageBase[] }[],
  kinds: StageKinds
): StageBase[] {
  const labels = axisLabels(cases.map(each => each.of))
  const identify = remembering<StageBase, string | undefined, string>()
  const ids = cases.map(({ stages }) => identities(stages, kinds, identify))
  const names = new Set(cases.flatMap(({ stages }) => stages.map(({ name }) => name)))
  const namers = new Map(
    [...names].map(name => [
      name,
      namer(
        name,
        labels,
        ids.map(each => each.get(name))
      )
    ])
  )
  const found = new Map<string, StageBase>()
  for (const [i, { stages }] of cases.entries())
    for (const stage of stages) {
      const own = kinds.of(stage).renamed(stage, name => namers.get(name)?.(i) ?? name)
      if (!found.has(own.name)) found.set(own.name, own)
    }
  return [...found.values()]
}

type Labels = ReadonlyMap<string, string>

/**
 * For each case its axes' values as they stand in names; where two values would read alike, the later one has a number.
 */
function axisLabels(cases: readonly Case[]): Labels[] {
  const taken = new Map<string, string>()
  const label = (axis: string, value: unknown, given: string | undefined): string => {
    const plain = given ?? labelOf(value) ?? 'other'
    for (let k = 1; ; k++) {
      const text = k === 1 ? plain : `${plain}-${k}`
      const owner = taken.get(`${axis}=${text}`)
      if (owner !== undefined && owner !== canonical(value)) continue
      taken.set(`${axis}=${text}`, canonical(value))
      return text
    }
  }
  return cases.map(
    ({ values, names }) =>
      new Map(Object.entries(values).map(([axis, value]) => [axis, label(axis, value, names[axis])]))
  )
}

/** What each stage of a case is, whatever it and those before it are called. */
function identities(
  stages: readonly StageBase[],
  kinds: StageKinds,
  identify: Remembering<StageBase, string | undefined, string>
): Map<string, string> {
  const ids = new Map<string, string>()
  for (const stage of stages) {
    const id = identify(
      stage,
      name => ids.get(name),
      idOf => {
        const kind = kinds.of(stage)
        const text = canonicalInShort({ ...kind.renamed(stage, name => idOf(name) ?? ''), name: '' })
        // Texts within texts would grow with each stage.
        return kind.inputs(stage).length === 0 ? text : createHash('sha256').update(text).digest('hex')
      }
    )
    ids.set(stage.name, id)
  }
  return ids
}

/** Names a stage in each case that has it by the fewest axes that tell its different forms apart. */
function namer(name: string, labels: readonly Labels[], ids: readonly (string | undefined)[]): (i: number) => string {
  const axes = [...new Set(labels.flatMap(each => [...each.keys()]))]
  const suffix = (kept: readonly string[], i: number) =>
    kept.flatMap(axis => (labels[i].has(axis) ? [`${axis}=${labels[i].get(axis) ?? ''}`] : [])).join(',')
  const distinguishes = (kept: readonly string[]) => {
    const known = new Map<string, string>()
    return ids.every((id, i) => {
      if (id === undefined) return true
      const key = suffix(kept, i)
      if (!known.has(key)) known.set(key, id)
      return known.get(key) === id
    })
  }
  const kept = axes.reduceRight(
    (rest, axis) => (distinguishes(rest.filter(other => other !== axis)) ? rest.filter(other => other !== axis) : rest),
    axes
  )
  return i => {
    const text = suffix(kept, i)
    return text === '' ? name : `${name}@${text}`
  }
}
