import type { Absent } from '../pipeline/assets.js'
import type { RunEvent } from '../pipeline/event.js'
import { preview, type PreviewedStage, type StageState } from '../pipeline/preview.js'
import type { AnyExperiment } from '../experiment/experiment.js'
import type { StageBase } from '../stages/kind.js'
import { STAGE_KINDS } from '../stages/registry.js'
import { EpdError } from '../errors.js'
import { createStore, openStore, type Store } from '../store/store.js'
import { inColumns } from './columns.js'
import type { Flags } from './flags.js'
import { absentLines } from './reads.js'
import { print, printJson, tell, warn } from './output.js'
import { grouped, secondsInWords } from '../words.js'

/** Prints what a run would do. Nothing is computed or downloaded. */
export async function dryRun(experiment: AnyExperiment, { store: dir, json }: Flags): Promise<void> {
  const store = openedIn(dir)
  try {
    const { signal } = new AbortController()
    const { stages, absent } = await preview({ experiment, store, signal, onEvent: show })
    if (json) printJson(asJson(experiment, stages, absent))
    else print(asTable(stages))
    for (const line of absentLines(absent)) tell(line)
  } finally {
    store.close()
  }
}

/**
 * The store is only read where that can be; one that is not there, or of an earlier version, is made or brought up to
 * date.
 */
function openedIn(dir: string): Store {
  try {
    return openStore(dir)
  } catch (error) {
    if (!(error instanceof EpdError && ['not-found', 'store-version'].includes(error.code))) throw error
    return createStore(dir)
  }
}

function show(event: RunEvent): void {
  if (event.type === 'warning') warn(event.message)
}

function asJson({ name }: AnyExperiment, stages: readonly PreviewedStage[], downloads: readonly Absent[]): unknown {
  const rows = stages.map(({ stage, progress, evaluations, atMost, seconds }) => ({
    stage: stage.name,
    kind: stage.kind,
    what: summary(stage),
    state: inWords(progress),
    evaluations,
    atMost,
    seconds
  }))
  return { experiment: name, stages: rows, total: totalOf(stages), remaining: totalOf(remaining(stages)), downloads }
}

/** What stages cost together. Seconds are known where they are of each stage that evaluates a model. */
function totalOf(stages: readonly PreviewedStage[]) {
  const paid = stages.filter(({ evaluations }) => evaluations > 0)
  const sum = (of: (stage: PreviewedStage) => number) => paid.reduce((all, stage) => all + of(stage), 0)
  return {
    evaluations: sum(({ evaluations }) => evaluations),
    atMost: paid.some(({ atMost }) => atMost),
    seconds: paid.some(({ seconds }) => seconds === undefined) ? undefined : sum(({ seconds = 0 }) => seconds)
  }
}

/** The stages that a run would still compute, as a whole where they are begun. */
function remaining(stages: readonly PreviewedStage[]): PreviewedStage[] {
  // A result that several stages share is computed once.
  const wanted = stages.filter(({ progress }) => progress.state !== 'finished')
  return [...new Map(wanted.map(stage => [stage.key ?? stage.stage.name, stage])).values()]
}

function asTable(stages: readonly PreviewedStage[]): string {
  const rows = stages.map(one => [
    one.stage.name,
    one.stage.kind,
    inWords(one.progress),
    counted(one),
    one.progress.state === 'finished' ? null : timed(one),
    summary(one.stage)
  ])
  const left = remaining(stages)
  const total = ['total', null, null, counted(totalOf(stages)), null, null]
  const rest = ['to be computed', null, null, counted(totalOf(left)), timed(totalOf(left)), null]
  return inColumns(
    ['stage', 'kind', 'state', 'evaluations'.padStart(14), 'about', 'what'],
    [...rows, total, ...(left.length > 0 ? [rest] : [])]
  )
}

function counted({ evaluations, atMost }: { readonly evaluations: number; readonly atMost: boolean }): string {
  return `${atMost ? 'at most ' : ''}${grouped(evaluations)}`.padStart(14)
}

function timed({ seconds }: { readonly seconds?: number }): string | null {
  return seconds === undefined || seconds === 0 ? null : secondsInWords(seconds)
}

function inWords(progress: StageState): string {
  switch (progress.state) {
    case 'unknown':
      return 'not known yet'
    case 'absent':
      return 'would run'
    case 'finished':
      return 'in the store'
    case 'begun':
      return progress.shards > 0
        ? `goes on after shard ${progress.shards}`
        : `goes on after iteration ${progress.iterations}`
  }
}

function summary(stage: StageBase): string {
  return STAGE_KINDS.of(stage).summary(stage)
}
