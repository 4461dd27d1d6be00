import { EpdError } from '../errors.js'
import { sortedBy, unknownProperty } from '../store/conditions.js'
import { propertiesOf, valuesOf } from '../store/properties.js'
import { chosenOf } from '../store/comparison.js'
import { openStore, type ResultRow, type Store } from '../store/store.js'
import { foundRun } from './found-run.js'
import type { Flags, Format } from './flags.js'
import { inFormat } from './formats.js'
import { print, printJson, printMarked } from './output.js'
import { metricsIn, resultColumns, resultRows, usualColumns } from '../store/result-columns.js'

export interface ResultsFlags extends Flags {
  readonly where?: readonly string[]
  readonly sort?: string
  readonly columns?: readonly string[]
  readonly format: Format
  readonly csv?: boolean
}

/** Prints what was sampled and scored in some runs, or in all. */
export function results(names: readonly string[], flags: ResultsFlags): void {
  const store = openStore(flags.store)
  try {
    const found = chosen(store, names, flags)
    const columns = columnsIn(found, flags.columns)
    const titles = columns.map(({ name }) => name)
    const rows = resultRows(found, columns)
    const format = flags.csv ? 'csv' : flags.format
    if (flags.json) printJson(flags.columns ? asObjects(titles, rows) : found.map(flattened))
    else if (format === 'csv') printMarked(inFormat(format, titles, rows))
    else print(found.length === 0 ? 'no results' : inFormat(format, titles, rows))
  } finally {
    store.close()
  }
}

function chosen(store: Store, names: readonly string[], { where = [], sort }: ResultsFlags): ResultRow[] {
  const ids = [...new Set(names.map(name => foundRun(store, name).id))]
  const all = ids.length === 0 ? store.results() : ids.flatMap(id => store.results(id))
  const found = chosenOf(all, where)
  if (found.length === 0 && all.length > 0 && where.length > 0)
    throw new EpdError('not-found', `no results with ${where.join(' and ')}`, { wayOut: 'show-run' })
  return sort === undefined ? found : sortedBy(found, sort, valuesOf, 'results')
}

function columnsIn(found: readonly ResultRow[], wanted: readonly string[] | undefined) {
  if (wanted === undefined) return usualColumns(found)
  const axes = [...new Set(found.flatMap(row => [...propertiesOf(row).keys()]))]
  const columns = resultColumns(found, axes)
  return wanted.map(name => {
    const column = columns.find(each => each.name === name)
    if (column) return column
    const known = columns.map(each => each.name)
    throw unknownProperty(name, known, 'results')
  })
}

function asObjects(titles: readonly string[], rows: readonly (readonly unknown[])[]): unknown {
  return rows.map(row => Object.fromEntries(titles.map((title, i) => [title, row[i]])))
}

/** A result in JSON: each metric by its name in camel case, and null where it was not scored. */
export function flattened({ metrics, seconds, run, ...samples }: ResultRow): unknown {
  const values = metricsIn([metrics]).map(name => [camelCase(name), metrics[name] ?? null] as const)
  return { ...samples, key: undefined, ...Object.fromEntries(values), seconds, run }
}

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}
