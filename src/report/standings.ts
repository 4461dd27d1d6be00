import type { MetricDescriptor } from '../metrics/metric.js'
import { METRICS } from '../metrics/registry.js'
import { canonical, child } from '../reading/plain.js'
import { distill } from '../stages/distill.js'
import { isOf } from '../stages/kind.js'
import { sample, usesLearned } from '../stages/sample.js'
import { SIMPLEST_BASE } from '../solvers/methods.js'
import type { ResultRow } from '../store/store.js'
import { inputsOf, shortNames, type ReportData, type ReportRun } from './data.js'

/** The samples of one solver at one NFE: once, or several times with other seeds or another training. */
export interface Entry {
  readonly run: ReportRun
  /** A result for each repetition, all of them scored by the metric. */
  readonly results: readonly ResultRow[]
  /** Mean over the repetitions. */
  readonly value: number
  /** Standard deviation over two repetitions and more; its divisor is one less than there are. */
  readonly spread?: number
  /** Whether something was distilled or imported for it; undefined where the spec does not tell. */
  readonly learned?: boolean
}

/** A solver with its entries by NFE. */
export interface Contestant {
  readonly name: string
  readonly at: ReadonlyMap<number, Entry>
}

/** One metric of all samples: solvers by NFE. */
export interface Standings {
  readonly metric: MetricDescriptor
  readonly nfes: readonly number[]
  readonly contestants: readonly Contestant[]
}

/** The standings by each metric that anything was scored by, in the order of the registry. */
export function allStandings(data: ReportData): Standings[] {
  return METRICS.flatMap(metric => standings(data, metric) ?? [])
}

/** The standings that the headline speaks of: by the metric that most samples have. */
export function mainStandings(data: ReportData): Standings | undefined {
  const size = ({ contestants }: Standings) => contestants.reduce((sum, { at }) => sum + at.size, 0)
  return allStandings(data).reduce<Standings | undefined>(
    (best, found) => (best && size(best) >= size(found) ? best : found),
    undefined
  )
}

interface Group {
  readonly run: ReportRun
  readonly label: string
  readonly stage: string
  readonly axes: string
  readonly nfe: number
  readonly results: ResultRow[]
}

function standings(data: ReportData, metric: MetricDescriptor): Standings | undefined {
  const groups = grouped(data, metric)
  if (groups.length === 0) return undefined
  const named = groups.map(group => ({ ...group, name: nameOf(group, groups, data) }))
  const names = [...new Set(named.map(({ name }) => name))]
  return {
    metric,
    nfes: [...new Set(groups.map(({ nfe }) => nfe))].sort((a, b) => a - b),
    contestants: names.map(name => ({
      name,
      at: new Map(named.filter(group => group.name === name).map(group => [group.nfe, entryOf(group, metric)]))
    }))
  }
}

/** Results that differ in their seeds alone are repetitions of one; a result that several runs share counts once. */
function grouped({ runs }: ReportData, metric: MetricDescriptor): Group[] {
  const groups = new Map<string, Group>()
  const seen = new Set<string>()
  for (const run of runs)
    for (const result of run.results) {
      const { nfe, samples, score } = result
      const value = result.metrics[metric.name]
      const identity = canonical([result.key, score?.replace(/@.*/, '') ?? '', value])
      if (nfe === null || value === undefined || seen.has(identity)) continue
      seen.add(identity)
      const key = canonical([run.run.id, nfe, (score ?? '').replace(/@.*/, ''), signature(run, samples)])
      const [stage, axes = ''] = samples.split('@')
      const group = groups.get(key) ?? { run, label: labelOf(result), stage, axes, nfe, results: [] }
      group.results.push(result)
      groups.set(key, group)
    }
  return [...groups.values()]
}

/** What names and seeds make of a stage, which is not what it is. */
const REPEATED = ['name', 'seed', 'seeds', 'validationSeeds', 'images', 'batch', 'from', 'teacher', 'validation']

/** What a stage and all that it reads are, but for their seeds: the same of repetitions. */
function signature(run: ReportRun, name: string): string {
  const stage = run.resolved.get(name)
  if (!stage) return name
  const own = Object.fromEntries(Object.entries(stage).filter(([key]) => !REPEATED.includes(key)))
  return canonical([own, inputsOf(run, name).map(input => signature(run, input))])
}

/** What a solver is called in tables: by the matrix, if it has an axis of solvers, else in a few words. */
function labelOf({ samples, solver, points, base }: ResultRow): string {
  const axis = /[@,]solver=([^,]*)/.exec(samples)?.[1]
  if (axis !== undefined) return axis
  const parallel = points === null ? '' : ` K=${points}`
  return `${solver ?? samples}${parallel}${base === null || base === SIMPLEST_BASE ? '' : ` on ${base}`}`
}

/** A group's label, with as much behind it as tells it from others at the same NFE. */
function nameOf(group: Group, groups: readonly Group[], data: ReportData): string {
  const alike = groups.filter(other => other.label === group.label)
  const clashes = alike.filter(other => other.nfe === group.nfe && other !== group)
  const tells: string[] = []
  if (clashes.some(other => other.stage !== group.stage)) tells.push(group.stage)
  if (clashes.some(other => other.stage === group.stage && otherAxes(other.axes) !== otherAxes(group.axes)))
    tells.push(otherAxes(group.axes))
  if (alike.some(other => other.run !== group.run))
    tells.push(shortNames(data.runs)[data.runs.indexOf(group.run)] ?? group.run.run.id)
  return tells.length > 0 ? `${group.label} (${tells.join(', ')})` : group.label
}

/** The axes of a name but those that a table has rows and columns for. */
function otherAxes(axes: string): string {
  const kept = axes.split(',').filter(axis => !/^(solver|nfe)=/.test(axis))
  return kept.join(', ')
}

function entryOf({ run, results }: Group, { name }: MetricDescriptor): Entry {
  const values = results.flatMap(({ metrics }) => metrics[name] ?? [])
  const value = values.reduce((sum, each) => sum + each, 0) / values.length
  const square = values.reduce((sum, each) => sum + (each - value) ** 2, 0)
  return {
    run,
    results,
    value,
    ...(values.length > 1 && { spread: Math.sqrt(square / (values.length - 1)) }),
    learned: isLearned(run, results[0].samples)
  }
}

/** Whether a result is of something learned; undefined where the spec does not tell. */
function isLearned(run: ReportRun, name: string): boolean | undefined {
  const stage = run.resolved.get(name)
  return isOf(sample, stage) ? usesLearned(stage) : undefined
}

/** The distill stage whose student a result samples with. */
export function distillStageOf({ run, results }: Entry): string | undefined {
  const stage = run.resolved.get(results[0].samples)
  const from = isOf(sample, stage) ? stage.from : undefined
  return from !== undefined && isOf(distill, run.resolved.get(from)) ? from : undefined
}

/** The name under which a spec and `export` find what an entry samples with; undefined where it is no predictor. */
export function predictorOf(entry: Entry): string | undefined {
  const { run, results } = entry
  const stage = run.resolved.get(results[0].samples)
  const from = distillStageOf(entry)
  if (from !== undefined) return `${run.run.id}/${from}`
  return isOf(sample, stage) ? stage.predictor?.name : undefined
}

/** An entry with the name that it has in the standings. */
export interface Ranked extends Entry {
  readonly name: string
}

/** The entries at an NFE, the best first. */
export function ranking({ metric, contestants }: Standings, nfe: number): Ranked[] {
  const found = contestants.flatMap(({ name, at }) => {
    const entry = at.get(nfe)
    return entry ? [{ name, ...entry }] : []
  })
  return found.sort((a, b) => (metric.moreIsBetter ? b.value - a.value : a.value - b.value))
}

/** A value as tables for papers print it. */
export function printed(value: number, { digits }: Pick<MetricDescriptor, 'digits'>): string {
  return 'decimals' in digits ? value.toFixed(digits.decimals) : value.toPrecision(digits.significant)
}

/** A value with its spread, to the last place of the value. */
export function withSpread({ value, spread }: Pick<Entry, 'value' | 'spread'>, metric: MetricDescriptor): string {
  const mean = printed(value, metric)
  if (spread === undefined) return mean
  const places = mean.split('.').at(1)?.length ?? 0
  return `${mean} ± ${mean.includes('e') ? spread.toPrecision(2) : spread.toFixed(places)}`
}

/** The evaluations that an image of a result took, each of a parallel NFE counted; undefined where it is not known. */
export function evaluationsAnImage({ evaluations, images }: ResultRow): number | undefined {
  if (evaluations === null || images === null || images === 0) return undefined
  return Number((evaluations / images).toPrecision(4))
}

/** A text in what the store keeps of a result's surroundings, such as its model's name. */
export function textIn(value: unknown, ...path: readonly string[]): string | undefined {
  const found = path.reduce<unknown>(child, value)
  return typeof found === 'string' ? found : undefined
}
