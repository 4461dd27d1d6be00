import { Worker } from 'node:worker_threads'
import { EpdError, type ErrorCode } from '../errors.js'
import type { Left, LeftOf } from './left.js'
import type { RecordName } from './records.js'

/** What a thread is asked. */
export interface Asked {
  readonly of: LeftOf
  readonly names: readonly RecordName[]
}

/** What it answers: what there is by each name, or why it cannot tell. */
export type Answer =
  | { readonly left: readonly (Left | 'missing' | 'damaged')[] }
  | { readonly code: ErrorCode | undefined; readonly message: string }

/** What was read by a name. */
export interface Found {
  readonly name: RecordName
  readonly left: Left | 'missing' | 'damaged'
}

/** Reads what workers have left, a part after the other. The next part is read while one is worked with. */
export type ReadLeft = (of: LeftOf, names: readonly RecordName[]) => AsyncGenerator<readonly Found[], void>

/**
 * Threads at most. Several read at once where a file system answers late, and check digests on several cores.
 */
const THREADS = 4

/** Records that a thread is asked for at once, and those of a part, which are kept in memory together. */
const [AT_ONCE, PART] = [64, 1024]

/** Milliseconds after which a thread ends that nobody asks anything. */
const IDLE = 5_000

/** Threads that read records, which are started when they are needed and end when they are not. */
export function leftThreads(): ReadLeft {
  const threads: Thread[] = []
  const read = async (of: LeftOf, names: readonly RecordName[]): Promise<Found[]> => {
    const lots = inLots(names, AT_ONCE)
    const found = await Promise.all(lots.map((lot, i) => (threads[i % THREADS] ??= thread()).ask({ of, names: lot })))
    return found.flat().map((left, i) => ({ name: names[i], left }))
  }
  return async function* (of, names) {
    let next: Promise<readonly Found[]> | undefined
    for (const part of inLots(names, PART)) {
      const before = next
      next = read(of, part)
      // Whoever asks for no more parts is not told of what fails.
      next.catch(() => undefined)
      if (before) yield await before
    }
    if (next) yield await next
  }
}

function inLots<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size))
}

interface Thread {
  readonly ask: (asked: Asked) => Promise<Extract<Answer, { left: unknown }>['left']>
}

/** A thread that runs `left-thread`; those who work on the project run it from its source. */
function startedThread(): Worker {
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL('./left-thread.js', import.meta.url))
  const source = new URL('./left-thread.ts', import.meta.url).href
  const code = `import('tsx/esm/api').then(({ register }) => (register(), import(${JSON.stringify(source)})))`
  return new Worker(code, { eval: true })
}

function thread(): Thread {
  let worker: Worker | undefined
  let idle: NodeJS.Timeout | undefined
  const waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void }[] = []
  const started = (): Worker => {
    const one = startedThread()
    const fail = (error: Error) => {
      if (worker === one) worker = undefined
      for (const { reject } of waiting.splice(0)) reject(error)
    }
    one.on('message', (answer: Answer) => {
      // It answers in the order in which it was asked.
      waiting.shift()?.resolve(answer)
      if (waiting.length === 0) rest(one)
    })
    one.on('error', fail)
    one.on('exit', () => {
      if (worker === one) fail(new Error('the thread that reads what workers have left has ended'))
    })
    return one
  }
  const rest = (one: Worker) => {
    // One that waits keeps no process from its end.
    one.unref()
    idle = setTimeout(() => {
      worker = undefined
      void one.terminate()
    }, IDLE).unref()
  }
  return {
    async ask(asked) {
      clearTimeout(idle)
      worker ??= started()
      worker.ref()
      worker.postMessage(asked)
      const answer = await new Promise<Answer>((resolve, reject) => waiting.push({ resolve, reject }))
      if ('left' in answer) return answer.left
      throw answer.code === undefined ? new Error(answer.message) : new EpdError(answer.code, answer.message)
    }
  }
}
