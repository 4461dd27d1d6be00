import { METRICS } from '../metrics/registry.js'
import { at } from '../reading/plain.js'
import { evaluationsOf, solverLabel } from '../store/properties.js'
import type { ResultRow, Store } from '../store/store.js'
import { inColumns, paragraph } from './columns.js'

/** A column of results. */
interface ResultColumn {
  readonly name: string
  readonly of: (row: ResultRow) => unknown
  /** It stands in a table unless others are asked for. */
  readonly usual?: true
}

/** Columns before the metrics. */
const BEFORE: readonly ResultColumn[] = [
  { name: 'run', of: ({ run }) => run, usual: true },
  { name: 'experiment', of: ({ experiment }) => experiment },
  { name: 'samples', of: ({ samples }) => samples, usual: true },
  { name: 'solver', of: solverLabel, usual: true },
  { name: 'points', of: ({ points }) => points },
  { name: 'base', of: ({ base }) => base },
  { name: 'afs', of: ({ afs }) => afs },
  { name: 'schedule', of: ({ schedule }) => schedule },
  { name: 'nfe', of: ({ nfe }) => nfe, usual: true },
  { name: 'evaluations', of: row => evaluationsOf(row) ?? null, usual: true },
  { name: 'images', of: ({ images }) => images, usual: true },
  { name: 'score', of: ({ score }) => score, usual: true }
]

const BEHIND: readonly ResultColumn[] = [{ name: 'seconds', of: ({ seconds }) => seconds, usual: true }]

/** All columns that results have: properties, metrics, and those axes of a matrix that `axes` names. */
export function resultColumns(results: readonly ResultRow[], axes: readonly string[] = []): ResultColumn[] {
  const metrics = metricsIn(results.map(row => row.metrics)).map((name): ResultColumn => ({
    name,
    of: ({ metrics: values }) => values[name] ?? null,
    usual: true
  }))
  const known = [...BEFORE, ...metrics, ...BEHIND]
  const own = axes.filter(axis => !known.some(({ name }) => name === axis))
  return [...known, ...own.map((name): ResultColumn => ({ name, of: row => axisOf(row, name) }))]
}

function axisOf({ samples }: ResultRow, name: string): string | null {
  const [, axes = ''] = samples.split('@')
  const found = axes.split(',').find(axis => axis.startsWith(`${name}=`))
  return found === undefined ? null : found.slice(name.length + 1)
}

/**
 * The columns that a table of results has unless others are asked for: those that tell something. `run` and `score` do
 * only where there are several.
 */
export function usualColumns(results: readonly ResultRow[]): ResultColumn[] {
  const several = { run: new Set(results.map(({ run }) => run)), score: new Set(results.flatMap(r => r.score ?? [])) }
  return resultColumns(results).filter(({ name, of, usual }) => {
    if (!usual || !results.some(row => of(row) !== null)) return false
    return name === 'run' || name === 'score' ? several[name].size > 1 : true
  })
}

/** Rows of results under columns. */
export function resultRows(results: readonly ResultRow[], columns: readonly ResultColumn[]): unknown[][] {
  return results.map(row => columns.map(({ of }) => of(row)))
}

/** The names of all metrics, and of any other that something was scored by. */
export function metricsIn(scored: readonly ResultRow['metrics'][]): string[] {
  return [...new Set([...METRICS.map(({ name }) => name), ...scored.flatMap(values => Object.keys(values))])]
}

/** The results table of a run, if it has scores or samples, and what is to be known about it. */
export function resultLines(store: Store, runId: string): string[] {
  const results = store.results(runId)
  if (results.length === 0) return []
  const columns = usualColumns(results)
  const titles = columns.map(({ name }) => name)
  return ['', inColumns(titles, resultRows(results, columns)), ...biases(store, runId), ...floors(store, runId)]
}

/** How much too high each fid is that rests on few images. */
function biases(store: Store, runId: string): string[] {
  const stages = store.runStages(runId)
  const nameOf = (key: string) => stages.find(stage => stage.key === key)?.name ?? key
  const lines = stages.flatMap(({ key }) =>
    store.metrics(key).flatMap(({ name, samplesKey, count, details }) => {
      const bias = typeof details === 'object' && details !== null && 'bias' in details ? details.bias : undefined
      if (typeof bias !== 'number') return []
      return [
        paragraph(`${name} of ${nameOf(samplesKey)}: about ${bias.toPrecision(2)} too high, from ${count} images`)
      ]
    })
  )
  return lines.length > 0 ? ['', ...lines] : []
}

/** What a distance comes to between real images, which no sampler can be expected to fall below. */
function floors(store: Store, runId: string): string[] {
  const scores = store.runStages(runId).flatMap(({ key }) => store.metrics(key))
  const lines = scores.flatMap(({ name, details }) => {
    const floor = at(details, ['floor', 'value'])
    if (typeof floor !== 'number') return []
    return [paragraph(`${name} of ${String(at(details, ['floor', 'of']))}: ${floor.toPrecision(4)}`)]
  })
  return [...new Set(lines)]
}
