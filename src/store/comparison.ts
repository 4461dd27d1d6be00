import { EpdError } from '../errors.js'
import type { Digits, MetricDescriptor } from '../metrics/metric.js'
import { METRICS } from '../metrics/registry.js'
import { checkProperties, conditionsOf, meets, unknownProperty } from './conditions.js'
import { propertiesOf, valuesOf } from './properties.js'
import type { ResultRow } from './records.js'

/** Which metric is compared, of which samples, by which of their properties. */
export interface CompareOptions {
  /**
   * A property of samples: `solver`, `nfe`, `samples` (their stage), `points`, `score`, `evaluations` (of one image,
   * each of a parallel NFE counted), or an axis of the matrix, which goes before a property of its name.
   */
  readonly rows: string
  readonly cols: string
  readonly metric: string
  /**
   * Only samples that meet all of these conditions, as `conditionsOf` reads them: `nfe=5`, `rmse<0.05`. They are on the
   * properties above, on metrics, and on what else results have.
   */
  readonly where?: readonly string[]
  /** A property that samples in one place may differ in, and in no other: their cell is the mean over its values. */
  readonly over?: string
}

/** A metric of samples by two of their properties. */
export interface Comparison {
  readonly rowsBy: string
  readonly colsBy: string
  /** The property over whose values cells are means; none: each cell is one value. */
  readonly over?: string
  readonly metric: string
  /** How its values are printed. */
  readonly digits: Digits
  readonly columns: readonly string[]
  readonly rows: readonly { readonly name: string; readonly cells: readonly (Cell | undefined)[] }[]
}

/** A value of a comparison. */
export interface Cell {
  /** With `over` the mean of `count` values. */
  readonly value: number
  /** With `over`, of two values and more: their standard deviation, whose divisor is `count` - 1. */
  readonly spread?: number
  /** With `over` how many values, at least 1, `value` is the mean of. */
  readonly count?: number
  /** The evaluations of one image, where all values of the cell take as many: more than the NFE for parallel points. */
  readonly evaluations?: number
  /** The rank of `value` in its column. */
  readonly rank: 'best' | 'second' | 'other'
}

/**
 * Arranges the values of one metric as a table, by two properties of the samples.
 * @param results rows as `Store.results` gives them
 * @throws EpdError `usage` for a metric or a property that there is none of, or where several samples would stand in
 * one place that `over` does not tell apart; `not-found` where nothing is scored by the metric
 */
export function compare(
  results: readonly ResultRow[],
  { rows, cols, metric, where = [], over }: CompareOptions,
  metrics: readonly MetricDescriptor[] = METRICS
): Comparison {
  const descriptor = metrics.find(({ name }) => name === metric)
  if (!descriptor)
    throw new EpdError(
      'usage',
      `metric: expected one of ${metrics.map(({ name }) => name).join(', ')}, found ${metric}`,
      { subject: 'metric' }
    )
  const scored = chosenOf(results, where).flatMap(row => {
    const value = row.metrics[metric]
    return value === undefined ? [] : [{ key: row.key, value, properties: propertiesOf(row) }]
  })
  if (scored.length === 0) {
    const which = where.length > 0 ? ` with ${where.join(' and ')}` : ''
    throw new EpdError('not-found', `no samples of this run${which} have a ${metric}`, { wayOut: 'show-run' })
  }
  const known = distinct(scored.flatMap(({ properties }) => [...properties.keys()]))
  for (const key of over === undefined ? [rows, cols] : [rows, cols, over])
    if (!known.includes(key)) throw unknownProperty(key, known, 'samples')
  if (over === rows || over === cols)
    throw new EpdError(
      'usage',
      `over: expected a property that is neither that of rows nor that of columns, found ${over}`,
      {
        subject: 'over'
      }
    )
  const names = distinct(scored.flatMap(({ properties }) => properties.get(rows) ?? []))
  const columns = distinct(scored.flatMap(({ properties }) => properties.get(cols) ?? [])).sort(byNumber)
  const found = columns.map(column =>
    names.map(name =>
      centreAt(
        scored.filter(one => one.properties.get(rows) === name && one.properties.get(cols) === column),
        over
      )
    )
  )
  const ranked = found.map(values => ranks(values, descriptor))
  return {
    rowsBy: rows,
    colsBy: cols,
    ...(over === undefined ? {} : { over }),
    metric,
    digits: descriptor.digits,
    columns,
    rows: names.map((name, i) => ({ name, cells: ranked.map(column => column[i]) }))
  }
}

/**
 * The results that meet all conditions.
 * @throws EpdError `usage` where a condition is none, or on a property that no result has
 */
export function chosenOf(results: readonly ResultRow[], where: readonly string[] = []): ResultRow[] {
  const conditions = conditionsOf(where)
  const rows = results.map(row => ({ row, values: valuesOf(row) }))
  if (rows.length > 0)
    checkProperties(conditions, distinct(rows.flatMap(({ values }) => [...values.keys()])), 'samples')
  return rows.filter(({ values }) => meets(values, conditions)).map(({ row }) => row)
}

interface Scored {
  /** What is the same result under several names has one key. */
  readonly key: string
  readonly value: number
  readonly properties: ReadonlyMap<string, string>
}

/** What a cell says, but for its rank. */
type Centre = Omit<Cell, 'rank'>

/**
 * The samples that stand in one place as one value: their own, or the mean over a property. A result that the property
 * makes no difference to is one value, whatever its names are.
 */
function centreAt(scored: readonly Scored[], over: string | undefined): Centre | undefined {
  if (scored.length === 0) return undefined
  const costs = distinct(scored.flatMap(({ properties }) => properties.get('evaluations') ?? [])).map(Number)
  const cost = costs.length === 1 && Number.isFinite(costs[0]) ? { evaluations: costs[0] } : {}
  if (over === undefined) return { value: oneOf(scored).value, ...cost }
  const groups = distinct(scored.map(({ properties }) => properties.get(over) ?? ''))
  const each = groups.map(group => oneOf(scored.filter(({ properties }) => (properties.get(over) ?? '') === group)))
  for (const other of each.slice(1)) refuseOthers(each[0], other, over)
  return { ...meanOf([...new Map(each.map(({ key, value }) => [key, value])).values()]), ...cost }
}

/** The one value of samples that differ in nothing that tells them apart; the same samples may be scored twice. */
function oneOf([first, ...others]: readonly Scored[]): Scored {
  const other = others.find(({ value }) => value !== first.value)
  if (other) throw severalSamples(first, other)
  return first
}

/**
 * A mean is one over a property: of samples that differ in another one too, nobody could tell what it is the mean of.
 */
function refuseOthers(first: Scored, other: Scored, over: string): void {
  const follow = [over, 'evaluations']
  const keys = distinct([...first.properties.keys(), ...other.properties.keys()]).filter(key => !follow.includes(key))
  if (keys.some(key => first.properties.get(key) !== other.properties.get(key)))
    throw severalSamples(first, other, over)
}

function severalSamples(first: Scored, other: Scored, over?: string): EpdError {
  const differs = ([key, value]: readonly [string, string]) => key !== over && other.properties.get(key) !== value
  const differences = [...first.properties].filter(differs)
  const [key, value] = differences.at(0) ?? []
  const stages = [first, other].map(({ properties }) => properties.get('samples') ?? '')
  const what = over === undefined ? '' : ` and differ in more than ${over}`
  if (over === undefined && key === 'samples')
    return new EpdError('usage', `several samples have the same place in this table: ${stages.join(' and ')}`, {
      wayOut: 'choose-rows',
      subject: `samples=${value ?? ''}`
    })
  return new EpdError('usage', `several samples have the same place in this table${what}`, {
    wayOut: 'choose-samples',
    subject: `${key ?? 'samples'}=${value ?? 'NAME'}`
  })
}

/** The mean of values and their standard deviation (divisor n - 1), which a single value has none of. */
function meanOf(values: readonly number[]): Centre {
  const count = values.length
  if (count === 1) return { value: values[0], count }
  const value = values.reduce((sum, each) => sum + each, 0) / count
  const spread = Math.sqrt(values.reduce((sum, each) => sum + (each - value) ** 2, 0) / (count - 1))
  return { value, spread, count }
}

function ranks(centres: readonly (Centre | undefined)[], { moreIsBetter }: MetricDescriptor): (Cell | undefined)[] {
  const sorted = distinct(centres.flatMap(centre => centre?.value ?? [])).sort((a, b) => a - b)
  if (moreIsBetter) sorted.reverse()
  const rank = (value: number) => (['best', 'second'] as const).at(sorted.indexOf(value)) ?? 'other'
  return centres.map(
    centre => centre && { ...centre, rank: sorted.indexOf(centre.value) > 1 ? 'other' : rank(centre.value) }
  )
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)]
}

/** Numbers in their order, all else as it comes. */
function byNumber(a: string, b: string): number {
  const difference = Number(a) - Number(b)
  return Number.isNaN(difference) ? 0 : difference
}
