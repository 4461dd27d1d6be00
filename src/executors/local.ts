import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeLeaving } from '../leaving.js'
import type { KeySchemas, ValuesOf } from '../reading/keys.js'
import type { Executor, ExecutorDescriptor, Job, Share, Standing } from './executor.js'
import { workCommand } from './program.js'

const KEYS = {
  devices: {
    title: 'a list of numbers of GPUs',
    description: 'GPUs by their numbers, one for each worker in turn; by default each worker sees all that there are.',
    type: 'array',
    minItems: 1,
    uniqueItems: true,
    items: { type: 'integer', minimum: 0 }
  }
} as const satisfies KeySchemas

/** Milliseconds that a worker has to end by itself once it is told to. */
const PATIENCE = 5000

interface Worker {
  readonly job: Job
  standing: Standing
  child?: ChildProcess
}

/** Worker processes on this machine, as many at once as are asked for. */
export const local: ExecutorDescriptor<ValuesOf<typeof KEYS>> = {
  name: 'local',
  description: 'Worker processes on this machine; they end with the run that started them.',
  keys: KEYS,
  endsWithUs: true,
  open({ devices }, { orders, jobs = devices?.length ?? 1 }): Executor {
    const workers = new Map<string, Worker & { readonly order: string }>()
    const changed = signalling()
    let count = 0
    const free = new Set(Array.from({ length: jobs }, (_, i) => i))
    const threads = Math.max(1, Math.floor(availableParallelism() / jobs))
    const advance = () => {
      for (const worker of workers.values()) {
        if (worker.standing !== 'waiting') continue
        const [slot] = free
        if (slot === undefined) return
        free.delete(slot)
        start(worker, slot)
      }
    }
    const start = (worker: Worker & { readonly order: string }, slot: number) => {
      const { order, job } = worker
      worker.standing = 'running'
      const device = devices?.[slot % devices.length]
      const child = started(order, job, join(orders, `${job.id}.log`), { threads, device })
      worker.child = child
      const left = beforeLeaving(() => child.kill('SIGKILL'))
      const end = () => {
        left()
        worker.standing = 'gone'
        free.add(slot)
        advance()
        changed.tell()
      }
      child.once('exit', end)
      child.once('error', end)
    }
    return {
      submit(order, shares) {
        mkdirSync(orders, { recursive: true })
        const made = shares.map((share: Share) => ({ ...share, id: `local-${process.pid}-${++count}` }))
        for (const job of made) workers.set(job.id, { job, order, standing: 'waiting' })
        advance()
        return Promise.resolve(made)
      },
      standings: all => Promise.resolve(new Map(all.map(({ id }) => [id, workers.get(id)?.standing ?? 'gone']))),
      async cancel(all) {
        const children = all.flatMap(({ id }) => {
          const worker = workers.get(id)
          if (worker?.standing === 'waiting') worker.standing = 'gone'
          return worker?.standing === 'running' ? (worker.child ?? []) : []
        })
        await Promise.all(children.map(ended))
      },
      log: ({ id }) => join(orders, `${id}.log`),
      pause: (milliseconds, signal) => changed.wait(milliseconds, signal)
    }
  }
}

function started(
  order: string,
  { first, last }: Share,
  log: string,
  { threads, device }: { readonly threads: number; readonly device?: number }
): ChildProcess {
  const [program, ...args] = workCommand(order, { first, last })
  const file = openSync(log, 'a')
  try {
    return spawn(program, [...args, '--threads', String(threads), '--with-parent'], {
      // It ends where the pipe of its stdin does, however this process ends.
      stdio: ['pipe', file, file],
      env: { ...process.env, ...(device !== undefined && { CUDA_VISIBLE_DEVICES: String(device) }) }
    })
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
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE)
  child.kill('SIGTERM')
  await exit
  clearTimeout(timer)
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
