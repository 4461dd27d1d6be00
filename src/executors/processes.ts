import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeLeaving } from '../leaving.js'
import type { Executor, Job, Standing } from './executor.js'

/** A command line, with what it adds to the environment. */
export interface CommandLine {
  readonly words: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export interface ProcessesOptions {
  /** The folder of orders and logs. */
  readonly orders: string
  /** Processes at once. */
  readonly jobs: number
  /** What runs for a job. `slot` counts the processes at once from 0. */
  readonly commandOf: (order: string, job: Job, slot: number, log: string) => CommandLine
}

/** Milliseconds that a process has to end by itself once it is told to. */
const PATIENCE = 5000

interface Worker {
  readonly job: Job
  readonly order: string
  /** The stage's place in the run. */
  readonly place: number
  standing: Standing
  child?: ChildProcess
}

/**
 * Workers that are processes of this machine, or that end with one. Its stdin is a pipe, which ends where this process
 * does, however it ends; it is the first of a process group of its own, so that what it has started ends with it.
 */
export function processes({ orders, jobs, commandOf }: ProcessesOptions): Executor {
  const workers = new Map<string, Worker>()
  const changed = signalling()
  const free = new Set(Array.from({ length: jobs }, (_, i) => i))
  const log = ({ id }: Job) => join(orders, `${id}.log`)
  const advance = () => {
    for (const slot of [...free]) {
      const worker = first([...workers.values()].filter(({ standing }) => standing === 'waiting'))
      if (worker) start(worker, slot)
    }
  }
  const start = (worker: Worker, slot: number) => {
    free.delete(slot)
    worker.standing = 'running'
    const child = started(commandOf(worker.order, worker.job, slot, log(worker.job)), log(worker.job))
    worker.child = child
    const left = beforeLeaving(() => {
      kill(child, 'SIGKILL')
    })
    const end = () => {
      left()
      worker.standing = 'gone'
      free.add(slot)
      advance()
      changed.tell()
    }
    child.once('exit', end)
    // One that could not be started has no exit.
    child.once('error', () => {
      if (child.pid === undefined) end()
    })
  }
  return {
    name: shares => shares.map(({ first, last }) => ({ id: `worker-${randomUUID().slice(0, 13)}`, first, last })),
    submit(order, asked, place) {
      mkdirSync(orders, { recursive: true })
      for (const job of asked) workers.set(job.id, { job, order, place, standing: 'waiting' })
      advance()
      return Promise.resolve()
    },
    standings: all => Promise.resolve(new Map(all.map(({ id }) => [id, workers.get(id)?.standing ?? 'gone']))),
    async cancel(all) {
      const found = all.flatMap(({ id }) => workers.get(id) ?? [])
      for (const worker of found) if (worker.standing === 'waiting') worker.standing = 'gone'
      await Promise.all(found.flatMap(({ standing, child }) => (standing === 'running' && child ? [ended(child)] : [])))
    },
    log,
    pause: (milliseconds, signal) => changed.wait(milliseconds, signal)
  }
}

/** The worker of the earliest stage; of one stage's, that which was asked for first. */
function first(workers: readonly Worker[]): Worker | undefined {
  return workers.reduce<Worker | undefined>((best, one) => (best && best.place <= one.place ? best : one), undefined)
}

function started({ words: [program, ...args], env }: CommandLine, log: string): ChildProcess {
  const file = openSync(log, 'a')
  try {
    const child = spawn(program, args, {
      stdio: ['pipe', file, file],
      env: { ...process.env, ...env },
      detached: true
    })
    // A worker that has ended reads no more.
    child.stdin?.on('error', () => undefined)
    return child
  } finally {
    closeSync(file)
  }
}

/** Asks a process to end, and ends it where it does not. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise<void>(resolve => {
    child.once('exit', () => {
      resolve()
    })
  })
  const timer = setTimeout(() => {
    kill(child, 'SIGKILL')
  }, PATIENCE)
  kill(child, 'SIGTERM')
  await exit
  clearTimeout(timer)
}

/** Sends a signal to a process and to those of its group. */
function kill({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // It has ended meanwhile.
  }
}

/** Something that is waited for until it is told of, or for a time. */
function signalling() {
  const listeners = new Set<() => void>()
  return {
    tell() {
      for (const listener of listeners) listener()
      listeners.clear()
    },
    async wait(milliseconds: number, signal: AbortSignal) {
      const told = new Promise<void>(resolve => listeners.add(resolve))
      const over = new AbortController()
      const either = AbortSignal.any([signal, over.signal])
      await Promise.race([told, sleep(milliseconds, undefined, { signal: either }).catch(() => undefined)])
      over.abort()
    }
  }
}
