import type { Run, RunStage, RunWorker, Store } from '../store/store.js'
import type { DoneStage, LiveRun, LiveStage } from './live.js'
import { readLive } from './live-record.js'

/** A run as its store has it, for who watches from another process. */
export interface WatchedRun extends Omit<LiveRun, 'running'> {
  /** `interrupted`: it was stopped, or its process was killed. */
  readonly run: Run
  /** The stages that are computed or waited for, each with the process that does so. */
  readonly running: readonly (LiveStage & { readonly worker: Pick<RunWorker, 'pid' | 'host' | 'sight'> })[]
  /** The stage that was under way, and how much of it is kept; absent while a process works on the run. */
  readonly begun?: { readonly name: string; readonly seeds: number; readonly iterations: number }
}

/**
 * A run as it stands now. While processes work on it, they say so about once a second; of a run that no process works
 * on, it is what the store has.
 * @param id the run's whole id
 * @throws EpdError `not-found`
 */
export function watchRun(store: Store, id: string): WatchedRun {
  const run = store.run(id)
  const workers = run.status === 'running' ? store.workers(id) : []
  const said = workers.flatMap(({ progress, ...worker }) => {
    const live = progress === null ? undefined : readLive(progress)
    return live ? { worker, live } : []
  })
  if (said.length === 0) return { run, running: [], ...standing(store, store.runStages(id)) }
  const lives = said.map(({ live }) => live)
  const left = lives.flatMap(({ left }) => left ?? [])
  const running = said.flatMap(({ worker, live }) => live.running.map(one => ({ ...one, worker })))
  const next = lives.flatMap(({ next }) => next ?? []).find(name => running.every(one => one.name !== name))
  return {
    run,
    stages: Math.max(...lives.map(({ stages }) => stages)),
    done: Math.max(...lives.map(({ done }) => done)),
    ...(left.length > 0 && { left: Math.min(...left) }),
    running: withoutWaiting(running),
    recent: together(lives.map(({ recent }) => recent)),
    ...(next !== undefined && { next })
  }
}

/** Stages under way, without those waited for that another of the processes computes. */
function withoutWaiting<Stage extends LiveStage>(running: readonly Stage[]): readonly Stage[] {
  const computed = new Set(running.flatMap(({ name, waiting }) => (waiting ? [] : name)))
  return running.filter(({ name, waiting }) => !waiting || !computed.has(name))
}

/** What several processes have done last. Who has computed a stage knows more of it than who found it in the store. */
function together(lists: readonly (readonly DoneStage[])[]): readonly DoneStage[] {
  const [first = [], ...others] = lists
  const computed = new Map(others.flat().flatMap(one => (one.seconds === undefined ? [] : [[one.name, one]])))
  return first.map(one => (one.seconds === undefined ? (computed.get(one.name) ?? one) : one))
}

/** How many of the stages that are done are told of. */
const RECENT = 8

/** What the store has of the stages of a run. */
function standing(store: Store, stages: readonly RunStage[]): Omit<WatchedRun, 'run' | 'running'> {
  const isDone = ({ stage }: RunStage) => stage?.status === 'finished'
  const done = stages.filter(isDone)
  const next = stages.find(one => !isDone(one))
  const begun = stages.find(({ stage }) => stage?.status === 'running')
  // Stages of one key are one result.
  const results = new Map([...done].reverse().map(one => [one.key, one]))
  const recent = [...results.values()].sort((a, b) => (a.stage?.finished ?? '').localeCompare(b.stage?.finished ?? ''))
  return {
    stages: stages.length,
    done: done.length,
    recent: recent.slice(-RECENT).map(({ name, stage }) => ({
      ...{ name, kind: stage?.kind ?? '', what: '' },
      ...(stage && { seconds: stage.seconds })
    })),
    ...(next && { next: next.name }),
    ...(begun && { begun: keptOf(store, begun) })
  }
}

function keptOf(store: Store, { name, key }: RunStage): WatchedRun['begun'] {
  const seeds = store.shards(key).reduce((sum, shard) => sum + shard.seeds.length, 0)
  return { name, seeds, iterations: store.iterations(key).length }
}
