import { existsSync } from 'node:fs'
import { executorNamed } from '../executors/registry.js'
import type { Executor, Standing } from '../executors/executor.js'
import type { Run, RunStage, Store } from '../store/store.js'
import { tailOf } from './collect.js'
import { notedJobs, type NotedJobs } from './jobs.js'
import { ordersFolder } from '../store/folders.js'
import { readRecord, recorded, recordsFolder } from './records.js'

/** How far a stage is, and who is at it. */
export interface StageStatus {
  readonly name: string
  /** `finished`, `running` or `waiting`; `stopped` where it was begun and nobody is at it. */
  readonly status: 'finished' | 'running' | 'waiting' | 'stopped'
  /** Shards that are done, and all that there are as far as that is known; absent for a stage that is computed whole. */
  readonly done?: number
  readonly total?: number
  readonly executor?: string
  /** Workers that run, that wait to, and that were lost with what they were at. */
  readonly workers: Readonly<Record<Standing, number>>
  readonly lost: number
  /** Machines that have left something that is not in the store yet. */
  readonly hosts: readonly string[]
  /** The log of the worker that was lost last, and its end. */
  readonly log?: string
  readonly said?: string
}

/** Says of each stage of a run how far it is and who is at it, which is looked up and changes nothing. */
export async function statusOf(store: Store, run: Run): Promise<StageStatus[]> {
  const executors = new Map<string, Executor>()
  const open = (name: string) => {
    const found =
      executors.get(name) ?? executorNamed(name).open({}, { orders: ordersFolder(store.root), workerArguments: [] })
    executors.set(name, found)
    return found
  }
  return Promise.all(store.runStages(run.id).map(stage => stageStatus(stage, { store, run, open })))
}

interface Around {
  readonly store: Store
  readonly run: Run
  readonly open: (executor: string) => Executor
}

async function stageStatus({ name, key, stage }: RunStage, { store, run, open }: Around): Promise<StageStatus> {
  const noted = await notedJobs(store.root, key)
  const folder = recordsFolder(store.root, key)
  const left = recorded(folder)
  const positions = new Set([...store.shards(key).map(({ position }) => position), ...left])
  const executor = noted && open(noted.executor)
  const workers = noted && executor ? await workersOf(noted, executor, run) : NOBODY
  const isAtWork = workers.running + workers.waiting > 0 || (run.status === 'running' && stage?.status === 'running')
  const isDone = stage?.status === 'finished'
  const total = noted?.total ?? (isDone && positions.size > 0 ? positions.size : undefined)
  const log = noted?.lastLost && executor?.log(noted.lastLost)
  return {
    name,
    status: isDone ? 'finished' : isAtWork ? 'running' : stage ? 'stopped' : 'waiting',
    ...((total !== undefined || positions.size > 0) && { done: positions.size }),
    ...(total !== undefined && { total }),
    ...(noted && { executor: noted.executor }),
    workers,
    lost: noted?.lost ?? 0,
    hosts: await hostsOf(folder, left),
    ...(log !== undefined && { log, said: tailOf(log) })
  }
}

const NOBODY: StageStatus['workers'] = { running: 0, waiting: 0, gone: 0 }

async function workersOf(noted: NotedJobs, executor: Executor, run: Run): Promise<StageStatus['workers']> {
  const { endsWithUs } = executorNamed(noted.executor)
  const asked = endsWithUs ? undefined : await executor.standings(noted.jobs)
  // Only the process of the run itself knows its own workers; one that has begun has a log.
  const own = (log: string): Standing => (run.status !== 'running' ? 'gone' : existsSync(log) ? 'running' : 'waiting')
  const counts = { ...NOBODY }
  for (const job of noted.jobs) counts[asked?.get(job.id) ?? own(executor.log(job))] += 1
  return counts
}

/** Records whose machines are looked up. */
const LOOKED_AT = 64

async function hostsOf(folder: string, positions: readonly number[]): Promise<string[]> {
  const records = await Promise.all(positions.slice(-LOOKED_AT).map(position => readRecord(folder, position)))
  return [...new Set(records.flatMap(record => (typeof record === 'object' ? [record.host] : [])))].sort()
}
