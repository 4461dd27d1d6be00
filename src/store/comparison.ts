import { EpdError } from '../errors.js'
import type { Digits, MetricDescriptor } from '../metrics/metric.js'
import { METRICS } from '../metrics/registry.js'
import { SIMPLEST_BASE } from '../solvers/methods.js'
import type { ResultRow } from './records.js'

/** Which metric is compared, of which samples, by which of their properties. */
export interface CompareOptions {
  /** A property of samples: `solver`, `nfe`, `samples` (their stage), `points`, `score`, or an axis of the matrix. */
  readonly rows: string
  readonly cols: string
  readonly metric: string
  /** `property=value` each: only samples that have it. */
  readonly where?: readonly string[]
}

/** A metric of samples by two of their properties. */
export interface Comparison {
  readonly rowsBy: string
  readonly colsBy: string
  readonly metric: string
  /** How its values are printed. */
  readonly digits: Digits
  readonly columns: readonly string[]
  readonly rows: readonly { readonly name: string; readonly cells: readonly (Cell | undefined)[] }[]
}

/** A value of a comparison. */
export interface Cell {
  readonly value: number
  /** The rank of the value in its column. */
  readonly rank: 'best' | 'second' | 'other'
}

/**
 * Arranges the values of one metric as a table, by two properties of the samples.
 * @param results rows as `Store.results` gives them
 * @throws EpdError `usage` for a metric or a property that there is none of, or where several samples would stand in
 * one place; `not-found` where nothing is scored by the metric
 */
export function compare(
  results: readonly ResultRow[],
  { rows, cols, metric, where = [] }: CompareOptions,
  metrics: readonly MetricDescriptor[] = METRICS
): Comparison {
  const descriptor = metrics.find(({ name }) => name === metric)
  if (!descriptor)
    throw new EpdError(
      'usage',
      `metric: expected one of ${metrics.map(({ name }) => name).join(', ')}, found ${metric}`,
      { subject: 'metric' }
    )
  const conditions = where.map(condition)
  const scored = results.flatMap(row => {
    const value = row.metrics[metric]
    const properties = propertiesOf(row)
    const chosen = conditions.every(([key, wanted]) => properties.get(key) === wanted)
    return value !== undefined && chosen ? [{ value, properties }] : []
  })
  if (scored.length === 0) {
    const which = where.length > 0 ? ` with ${where.join(' and ')}` : ''
    throw new EpdError('not-found', `no samples of this run${which} have a ${metric}`, { wayOut: 'show-run' })
  }
  const known = distinct(scored.flatMap(({ properties }) => [...properties.keys()]))
  for (const key of [rows, cols])
    if (!known.includes(key)) throw new EpdError('usage', `samples have no ${key}; they have ${known.join(', ')}`)
  const names = distinct(scored.flatMap(({ properties }) => properties.get(rows) ?? []))
  const columns = distinct(scored.flatMap(({ properties }) => properties.get(cols) ?? [])).sort(byNumber)
  const found = columns.map(column =>
    names.map(name =>
      valueAt(scored.filter(one => one.properties.get(rows) === name && one.properties.get(cols) === column))
    )
  )
  const ranked = found.map(values => ranks(values, descriptor))
  return {
    rowsBy: rows,
    colsBy: cols,
    metric,
    digits: descriptor.digits,
    columns,
    rows: names.map((name, i) => ({ name, cells: ranked.map(column => column[i]) }))
  }
}

interface Scored {
  readonly value: number
  readonly properties: ReadonlyMap<string, string>
}

/** The one value of samples that stand in one place; the same samples may be scored twice. */
function valueAt(scored: readonly Scored[]): number | undefined {
  const [first, ...others] = scored
  const other = others.find(({ value }) => value !== first.value)
  if (!other) return scored.at(0)?.value
  const [key, value] = [...first.properties].find(([key, value]) => other.properties.get(key) !== value) ?? []
  throw new EpdError('usage', 'several samples have the same place in this table', {
    wayOut: 'choose-samples',
    subject: `${key ?? 'samples'}=${value ?? 'NAME'}`
  })
}

function ranks(values: readonly (number | undefined)[], { moreIsBetter }: MetricDescriptor): (Cell | undefined)[] {
  const sorted = [...new Set(values.flatMap(value => value ?? []))].sort((a, b) => a - b)
  if (moreIsBetter) sorted.reverse()
  const rank = (value: number) => (['best', 'second'] as const).at(sorted.indexOf(value)) ?? 'other'
  return values.map(value =>
    value === undefined ? undefined : { value, rank: sorted.indexOf(value) > 1 ? 'other' : rank(value) }
  )
}

function condition(text: string): readonly [string, string] {
  const at = text.indexOf('=')
  if (at <= 0) throw new EpdError('usage', `where: expected property=value, found ${text}`, { subject: 'where' })
  return [text.slice(0, at), text.slice(at + 1)]
}

/** What samples can be told apart by. An axis of the matrix goes before a property of its name. */
function propertiesOf({ samples, solver, points, base, nfe, score }: ResultRow): ReadonlyMap<string, string> {
  const [stage, axes = ''] = samples.split('@')
  const words = [
    solver,
    points === null ? null : `K=${points}`,
    base === null || base === SIMPLEST_BASE ? null : `on ${base}`
  ]
  return new Map([
    ['samples', stage],
    ['solver', words.flatMap(word => word ?? []).join(' ')],
    ...(nfe === null ? [] : [['nfe', String(nfe)] as const]),
    ...(points === null ? [] : [['points', String(points)] as const]),
    ...(score === null ? [] : [['score', score.replace(/@.*/, '')] as const]),
    ...axes.split(',').filter(Boolean).map(condition)
  ])
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)]
}

/** Numbers in their order, all else as it comes. */
function byNumber(a: string, b: string): number {
  const difference = Number(a) - Number(b)
  return Number.isNaN(difference) ? 0 : difference
}
