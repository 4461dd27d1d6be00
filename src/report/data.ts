import { EpdError } from '../errors.js'
import { loadExperiment } from '../experiment/load.js'
import { predictorsIn } from '../pipeline/predictors.js'
import { decodedName } from '../stages/decoded-name.js'
import { isOf, type StageBase } from '../stages/kind.js'
import { STAGE_KINDS } from '../stages/registry.js'
import { score } from '../stages/score.js'
import type { ResultRow, Run, RunStage, Store } from '../store/store.js'

/** A run with what its report is made of. */
export interface ReportRun {
  readonly run: Run
  readonly stages: readonly RunStage[]
  readonly results: readonly ResultRow[]
  /** The stages as the spec says them, by their names; without those that only a model adds. */
  readonly resolved: ReadonlyMap<string, StageBase>
  /** Why the spec cannot be read here; then `resolved` is empty. */
  readonly unread?: string
}

/** All that the sections of a report read. */
export interface ReportData {
  readonly store: Store
  readonly runs: readonly ReportRun[]
  /** The folder of the store as the reader of the report would name it in a command. */
  readonly storeName: string
}

/**
 * Reads the runs of a report. A spec's plugins are not imported, since that would run them; the stages of such a spec
 * are shown by what the store has of them alone.
 * @param runs ids, beginnings of ids, or names
 * @throws EpdError `usage` where no run is named, `not-found` where there is none of a name
 */
export function gather(store: Store, runs: readonly string[], storeName = store.root): ReportData {
  if (runs.length === 0) throw new EpdError('usage', 'report: expected one or more runs, found none')
  const named = runs.map(name => store.run(name))
  const distinct = [...new Map(named.map(run => [run.id, run])).values()]
  return { store, storeName, runs: distinct.map(run => gatherRun(store, run)) }
}

function gatherRun(store: Store, run: Run): ReportRun {
  return { run, stages: store.runStages(run.id), results: store.results(run.id), ...resolvedStages(store, run) }
}

function resolvedStages(store: Store, run: Run): Pick<ReportRun, 'resolved' | 'unread'> {
  const { file, spec: text, overrides: set, allowMismatch } = run
  try {
    const predictors = predictorsIn(store.root)
    const { stages } = loadExperiment({ file, text, set, predictors, allowMismatch })
    return { resolved: new Map(stages.map(stage => [stage.name, stage])) }
  } catch (error) {
    if (!(error instanceof EpdError)) throw error
    return { resolved: new Map(), unread: error.message }
  }
}

/** The names of the stages that a stage reads, as far as the spec tells. */
export function inputsOf({ resolved, stages }: ReportRun, name: string): readonly string[] {
  const stage = resolved.get(name)
  const known = new Set(stages.map(each => each.name))
  if (stage)
    return STAGE_KINDS.of(stage)
      .inputs(stage)
      .filter(input => known.has(input))
  return stages.flatMap(each => (decodedName(each.name) === name ? [each.name] : []))
}

/** The sample stage that a score stage takes for the truth. */
export function referenceOf(run: ReportRun, scoring: string | null): string | undefined {
  const stage = run.resolved.get(scoring ?? '')
  return isOf(score, stage) ? stage.reference : undefined
}

/** What tells the runs of a report apart in a few characters. */
export function shortNames(runs: readonly ReportRun[]): readonly string[] {
  const ends = runs.map(({ run }) => run.id.slice(run.id.lastIndexOf('-') + 1))
  const isSameName = new Set(runs.map(({ run }) => run.name)).size === 1
  return runs.map(({ run }, i) => (isSameName ? (ends[i] ?? run.id) : run.id))
}
