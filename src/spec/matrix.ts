import { createHash } from 'node:crypto'
import type { Stage } from './experiment.js'
import { renamed } from './graph.js'
import { canonical, child, isMapping, type Mapping } from './plain.js'
import { either, expected, type Path, type Report } from './problem.js'

/** One value of each axis. */
export type Case = Readonly<Record<string, unknown>>

const MAX_CASES = 1000

/** The cases of a spec's matrix, which the schema has passed: one without axes where it has none. */
export function casesOf(spec: unknown, report: Report): Case[] {
  const matrix = child(spec, 'matrix')
  if (!isMapping(matrix)) return [{}]
  const { include, exclude, ...axes } = matrix
  const product = Object.entries(axes).reduce((sum, [, values]) => sum * lengthOf(values), 1)
  if (product > MAX_CASES) {
    report(['matrix'], `expected at most ${MAX_CASES} cases, found ${product}`)
    return []
  }
  const all = Object.entries(axes).reduce<Case[]>(
    (cases, [axis, values]) => cases.flatMap(one => listOf(values).map(value => ({ ...one, [axis]: value }))),
    [{}]
  )
  const kept = all.filter(one => !mappingsOf(exclude).some(pattern => matches(one, pattern)))
  const cases = mappingsOf(include).reduce((found, extra) => including(found, extra, Object.keys(axes)), kept)
  if (cases.length === 0) report(['matrix'], 'expected a case that is not excluded, found none')
  return cases
}

/** Cases with another one: its further values go to each case that has its values of the axes, or it stands by itself. */
function including(cases: readonly Case[], extra: Mapping, axes: readonly string[]): Case[] {
  const own = Object.fromEntries(Object.entries(extra).filter(([name]) => axes.includes(name)))
  const found = cases.some(one => matches(one, own))
  return found ? cases.map(one => (matches(one, own) ? { ...one, ...extra } : one)) : [...cases, extra]
}

function matches(one: Case, pattern: Mapping): boolean {
  return Object.entries(pattern).every(([name, value]) => canonical(one[name]) === canonical(value))
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function lengthOf(value: unknown): number {
  return listOf(value).length
}

function mappingsOf(value: unknown): Mapping[] {
  return listOf(value).filter(isMapping)
}

/** A spec in one case: each text `matrix.NAME` is the case's value of NAME, in which others may stand. */
export function inCase(spec: unknown, one: Case, report: Report): unknown {
  const put = (value: unknown, path: Path, within: readonly string[]): unknown => {
    if (Array.isArray(value)) return value.map((item, i) => put(item, [...path, i], within))
    if (isMapping(value))
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, put(item, [...path, key], within)]))
    const name = typeof value === 'string' ? REFERENCE.exec(value)?.[1] : undefined
    if (name === undefined) return value
    if (Object.hasOwn(one, name) && !within.includes(name)) return put(one[name], path, [...within, name])
    const names = Object.keys(one).filter(axis => !within.includes(axis))
    const what = names.length === 0 ? 'a value, as there is no matrix' : either(names.map(axis => `matrix.${axis}`))
    report(
      path,
      expected(
        what,
        value,
        names.map(axis => `matrix.${axis}`)
      )
    )
    return undefined
  }
  if (!isMapping(spec)) return spec
  const parts = Object.entries(spec).filter(([key]) => key !== 'matrix')
  return Object.fromEntries(parts.map(([key, value]) => [key, put(value, [key], [])]))
}

const REFERENCE = /^matrix\.([A-Za-z][A-Za-z0-9_-]*)$/

/** A case in words: "nfe 3 and solver epd". */
export function describeCase(one: Case): string {
  return Object.entries(one)
    .map(([axis, value]) => `${axis} ${labelOf(value) ?? canonical(value)}`)
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
 * The stages of all cases as one experiment's. A stage that is the same in all is there once; the others are named by the axes
 * that make a difference to them, `samples@nfe=3,solver=epd`.
 */
export function merged(cases: readonly { readonly values: Case; readonly stages: readonly Stage[] }[]): Stage[] {
  const labels = axisLabels(cases.map(({ values }) => values))
  const ids = cases.map(({ stages }) => identities(stages))
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
  const found = new Map<string, Stage>()
  for (const [i, { stages }] of cases.entries())
    for (const stage of stages) {
      const own = renamed(stage, name => namers.get(name)?.(i) ?? name)
      if (!found.has(own.name)) found.set(own.name, own)
    }
  return [...found.values()]
}

type Labels = ReadonlyMap<string, string>

/** For each case its axes' values as they stand in names; where two values would read alike, the later one has a number. */
function axisLabels(cases: readonly Case[]): Labels[] {
  const taken = new Map<string, string>()
  const label = (axis: string, value: unknown): string => {
    const plain = labelOf(value) ?? 'other'
    for (let k = 1; ; k++) {
      const text = k === 1 ? plain : `${plain}-${k}`
      const owner = taken.get(`${axis}=${text}`)
      if (owner !== undefined && owner !== canonical(value)) continue
      taken.set(`${axis}=${text}`, canonical(value))
      return text
    }
  }
  return cases.map(one => new Map(Object.entries(one).map(([axis, value]) => [axis, label(axis, value)])))
}

/** What each stage of a case is, whatever it and those before it are called. */
function identities(stages: readonly Stage[]): Map<string, string> {
  const ids = new Map<string, string>()
  for (const stage of stages) {
    const content = canonical({ ...renamed(stage, name => ids.get(name) ?? ''), name: '' })
    ids.set(stage.name, createHash('sha256').update(content).digest('hex'))
  }
  return ids
}

/** Names a stage in each case by the fewest axes that tell its different forms apart. */
function namer(name: string, labels: readonly Labels[], ids: readonly (string | undefined)[]): (i: number) => string {
  const axes = [...new Set(labels.flatMap(each => [...each.keys()]))]
  const suffix = (kept: readonly string[], i: number) =>
    kept.flatMap(axis => (labels[i].has(axis) ? [`${axis}=${labels[i].get(axis) ?? ''}`] : [])).join(',')
  const distinguishes = (kept: readonly string[]) => {
    const known = new Map<string, string | undefined>()
    return ids.every((id, i) => {
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
