import { applyOverride, parseOverride } from '../experiment/overrides.js'
import { readSource } from '../experiment/source.js'
import { EpdError } from '../errors.js'
import { canonical, isMapping } from '../reading/plain.js'
import type { Run } from '../store/store.js'

/** A place of specs that does not hold the same in all of them. */
export interface SpecDifference {
  /** The keys that lead there, with dots between them. */
  readonly path: string
  /** What stands there in each spec, as plain data; undefined where nothing does. */
  readonly values: readonly unknown[]
}

/** The places where the specs of runs differ, overrides put in, in the order of the first spec. */
export function specDifferences(runs: readonly Pick<Run, 'id' | 'file' | 'spec' | 'overrides'>[]): SpecDifference[] {
  const leaves = runs.map(run => leavesOf(valueOf(run)))
  const paths = [...new Set(leaves.flatMap(own => [...own.keys()]))]
  return paths.flatMap(path => {
    const values = leaves.map(own => own.get(path))
    return new Set(values.map(value => canonical(value))).size > 1 ? [{ path, values }] : []
  })
}

/** A spec as data, with what was set. One that cannot be read any more has no places. */
function valueOf({ file, spec, overrides }: Pick<Run, 'file' | 'spec' | 'overrides'>): unknown {
  try {
    const { value } = readSource(file, spec)
    for (const override of overrides.map(parseOverride))
      if (value !== undefined && typeof override !== 'string') applyOverride(value, override)
    return value
  } catch (error) {
    if (error instanceof EpdError) return undefined
    throw error
  }
}

/** Each value that is no mapping, by its path. */
function leavesOf(value: unknown, path = ''): Map<string, unknown> {
  if (!isMapping(value) || Object.keys(value).length === 0) return new Map(path === '' ? [] : [[path, value]])
  return new Map(
    Object.entries(value).flatMap(([key, item]) => [...leavesOf(item, path === '' ? key : `${path}.${key}`)])
  )
}
