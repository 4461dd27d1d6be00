import { EpdError } from '../errors.js'
import type { MetricDescriptor } from '../metrics/metric.js'
import { METRICS } from '../metrics/registry.js'
import type { ResultRow, Run, Store } from '../store/store.js'
import { pairedDifference, perSeedReader, type PairedDifference } from './paired-differences.js'
import { specDifferences, type SpecDifference } from './spec-differences.js'

/** Runs beside each other. Lists that have an entry for each run are in the order in which the runs were named. */
export interface ComparedRuns {
  readonly runs: readonly Run[]
  /** What is not the same in all specs, with the values that were set. */
  readonly spec: readonly SpecDifference[]
  /** Names that stages have in the first run whose results all runs share. */
  readonly shared: readonly string[]
  readonly results: readonly ComparedSamples[]
  /** The samples of each run that no other has under their name. */
  readonly alone: readonly (readonly string[])[]
}

/** One metric of the samples that several runs have under one name, or that were named one by one. */
export interface ComparedSamples {
  readonly samples: readonly (string | undefined)[]
  /** The score stage in the first run. */
  readonly score: string | null
  readonly metric: string
  /** undefined where a run has no such samples, or has not scored them. */
  readonly values: readonly (number | undefined)[]
  /** How each run but the first differs from the first. */
  readonly differences: readonly (Difference | undefined)[]
}

/** How the results of one run differ from those of another. */
export interface Difference {
  /** Its value minus that of the first run. */
  readonly difference: number
  /** Its value over that of the first run. */
  readonly ratio: number
  /** Where the metric measures sample by sample: the difference over the seeds that both have. */
  readonly paired?: PairedDifference
}

/** What is compared of runs. */
export interface CompareRunsOptions {
  /** An aborted signal ends the reading of samples. */
  readonly signal?: AbortSignal
  /** The metrics that are known; by default METRICS. */
  readonly metrics?: readonly MetricDescriptor[]
}

/** A run that was named, alone or with one of its sample stages. */
interface Named {
  readonly run: Run
  readonly samples?: string
}

/**
 * Compares runs of a store: specs, shared stages, and the scores of samples that have one name. A run is named as
 * `Store.run` takes it; RUN/SAMPLES names one of its sample stages, so that samples of several names, also of one run,
 * can be compared.
 * @param names two and more
 * @throws EpdError `usage` where fewer than two different things are named, `not-found` for a run or a stage that is
 * not there, or where no two runs have scored samples that could be compared
 */
export async function compareRuns(
  store: Store,
  names: readonly string[],
  { signal = new AbortController().signal, metrics = METRICS }: CompareRunsOptions = {}
): Promise<ComparedRuns> {
  const named = names.map(name => namedIn(store, name))
  checkDistinct(named)
  const rows = named.map(({ run, samples }) => resultsOf(store, run, samples))
  const lines = linesOf(rows)
  const results = await comparedSamples(store, named, lines, metrics, signal)
  if (results.length === 0) throw nothingInCommon(named, rows)
  return {
    runs: named.map(({ run }) => run),
    spec: specDifferences(named.map(({ run }) => run)),
    shared: sharedStages(store, named),
    results,
    alone: rows.map((own, i) => namesAlone(own, i, lines))
  }
}

function namedIn(store: Store, name: string): Named {
  const slash = name.lastIndexOf('/')
  try {
    return { run: store.run(name) }
  } catch (error) {
    if (slash <= 0 || !(error instanceof EpdError && error.code === 'not-found')) throw error
  }
  return { run: store.run(name.slice(0, slash)), samples: name.slice(slash + 1) }
}

function checkDistinct(named: readonly Named[]): void {
  const distinct = new Set(named.map(({ run, samples }) => JSON.stringify([run.id, samples])))
  if (distinct.size === named.length && named.length > 1) return
  const [{ run }] = named
  throw new EpdError(
    'usage',
    `expected two runs or more to compare, found ${run.id} ${named.length === 1 ? 'alone' : 'more than once'}; ` +
      'RUN/SAMPLES compares samples within a run'
  )
}

function resultsOf(store: Store, { id }: Run, samples: string | undefined): ResultRow[] {
  const all = store.results(id)
  if (all.length === 0)
    throw new EpdError('not-found', `${id} has no samples yet that could be compared; resume it first`)
  const found = samples === undefined ? all : all.filter(row => row.samples === samples)
  if (found.length > 0) return found
  const known = [...new Set(all.map(row => row.samples))].join(', ')
  throw new EpdError('not-found', `${id} has no samples "${samples ?? ''}"; it has ${known}`)
}

/** The results that are compared with each other: one of each run, undefined where a run has none. */
type Line = readonly (ResultRow | undefined)[]

/** Results of one name beside each other; where each run has one alone, whatever their names are. */
function linesOf(rows: readonly (readonly ResultRow[])[]): Line[] {
  const keyOf = ({ samples, score }: ResultRow, all: readonly ResultRow[]) => {
    const isScoredOften = all.some(row => row.samples === samples && row.score !== score)
    return JSON.stringify(isScoredOften ? [samples, score] : [samples])
  }
  if (rows.every(({ length }) => length === 1)) return [rows.map(([row]) => row)]
  const byKey = rows.map(all => new Map(all.map(row => [keyOf(row, all), row])))
  const keys = [...new Set(byKey.flatMap(own => [...own.keys()]))]
  return keys.map(key => byKey.map(own => own.get(key)))
}

async function comparedSamples(
  store: Store,
  named: readonly Named[],
  lines: readonly Line[],
  metrics: readonly MetricDescriptor[],
  signal: AbortSignal
): Promise<ComparedSamples[]> {
  const perSeed = perSeedReader(store, signal)
  const found: ComparedSamples[] = []
  for (const line of lines)
    for (const metric of namesOf(line, metrics)) {
      const values = line.map(row => row?.metrics[metric])
      if (values.filter(value => value !== undefined).length < 2) continue
      const measure = metrics.find(({ name }) => name === metric)?.pair
      const seeds = await Promise.all(
        line.map(async (row, i) => (row && measure ? perSeed(named[i].run.id, row, metric, measure) : undefined))
      )
      const differences = values.slice(1).map((value, i): Difference | undefined => {
        const [first] = values
        if (first === undefined || value === undefined) return undefined
        const paired = pairedDifference(seeds[0], seeds[i + 1])
        return { difference: value - first, ratio: value / first, ...(paired && { paired }) }
      })
      const score = line.at(0)?.score ?? null
      found.push({ samples: line.map(row => row?.samples), score, metric, values, differences })
    }
  return found
}

/** The metrics that results have, those that are known first. */
function namesOf(line: Line, metrics: readonly MetricDescriptor[]): string[] {
  const scored = new Set(line.flatMap(row => Object.keys(row?.metrics ?? {})))
  const known = metrics.map(({ name }) => name).filter(name => scored.has(name))
  return [...new Set([...known, ...scored])]
}

function nothingInCommon(named: readonly Named[], rows: readonly (readonly ResultRow[])[]): EpdError {
  const each = named.map(({ run }, i) => {
    const names = [
      ...new Set(rows[i].map(({ samples, score }) => (score === null ? `${samples} (not scored)` : samples)))
    ]
    return `${run.id} has ${names.join(', ')}`
  })
  return new EpdError(
    'not-found',
    `no samples of one name that the same metric has scored: ${each.join('; ')}; RUN/SAMPLES names one of each`
  )
}

function sharedStages(store: Store, named: readonly Named[]): string[] {
  const [first, ...others] = named.map(({ run }) => store.runStages(run.id))
  const keys = others.map(stages => new Set(stages.map(({ key }) => key)))
  return first.filter(({ key }) => keys.every(own => own.has(key))).map(({ name }) => name)
}

function namesAlone(own: readonly ResultRow[], place: number, lines: readonly Line[]): string[] {
  const alone = lines.filter(line => line.every((row, i) => (row === undefined) === (i !== place)))
  const names = new Set(alone.map(line => line[place]?.samples))
  return [...new Set(own.map(({ samples }) => samples))].filter(name => names.has(name))
}
