import { stateOf } from '../store/run-properties.js'
import { grouped } from '../words.js'
import type { LiveRun, LiveStage } from './live.js'
import type { WatchedRun } from './watch.js'

/** What is shown of a run: stages under way, those done last, and how far all of it is. */
export interface View extends Omit<LiveRun, 'running'> {
  /** Stages under way: one for each process that works on the run. */
  readonly running: readonly LiveStage[]
  /** How the run has ended, in words; absent while it goes on. */
  readonly ended?: string
  /** What stage the run has failed in, or was stopped in. */
  readonly mark?: 'failed' | 'stopped'
}

/**
 * A run that is watched, with what is under way in words: who computes a stage elsewhere, what is kept of one that was
 * left.
 */
export function viewOf({ run, running, begun, ...watched }: WatchedRun): View {
  const view = { ...watched, running: running.map(withWorker) }
  const { status } = run
  if (status === 'running') return view
  const ended = { ...view, ended: stateOf(run) }
  if (!begun || status === 'finished') return ended
  const mark = status === 'failed' ? ('failed' as const) : ('stopped' as const)
  return { ...ended, mark, running: [{ name: begun.name, kind: '', what: keptWords(begun), notes: [] }] }
}

/** What is kept of a stage that was under way. */
function keptWords({ seeds, iterations }: NonNullable<WatchedRun['begun']>): string {
  const kept = [
    seeds > 0 ? `${grouped(seeds)} seeds` : '',
    iterations > 0 ? `${grouped(iterations)} iterations` : ''
  ].filter(Boolean)
  return kept.length > 0 ? `${kept.join(', ')} of it are kept` : 'nothing of it is kept'
}

/** A stage with who computes it, where that is to be known: the process does nothing, or is on another machine. */
function withWorker({
  worker: { pid, host, sight },
  ...stage
}: WatchedRun['running'][number]): View['running'][number] {
  if (sight === 'alive' || sight === 'gone') return stage
  const who = sight === 'stopped' ? `process ${pid} is suspended` : `process ${pid} on ${host}`
  return { ...stage, what: `${stage.what}  (${who})` }
}
