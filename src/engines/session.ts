import { Worker } from 'node:worker_threads'
import { EpdError } from '../errors.js'

export interface Feed {
  readonly name: string
  readonly shape: readonly number[]
  /** Handed over: not to be used afterwards. */
  readonly data: Numbers
}

/** Numbers in single or double precision, as the network has them. */
export type Numbers = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>

/** A network ready to run, in a thread of its own: an engine's run blocks the thread that calls it. */
export interface Session {
  /**
   * The network's outputs, in its order; with a prompt a sample where the session reads them itself, as a program does.
   */
  run(feeds: readonly Feed[], prompts?: readonly string[]): Promise<readonly Numbers[]>
  /** Milliseconds that the engine itself has run so far. */
  readonly elapsed: () => number
  /** Arrays that the engine holds between runs, where it counts them. */
  readonly held: () => number | undefined
  close(): Promise<void>
}

/** What a thread tells of a request, or of its start (id -1). */
export type Reply =
  | { readonly id: number; readonly error: string }
  | { readonly id: number; readonly outputs: readonly Numbers[]; readonly milliseconds: number; readonly held?: number }
  | { readonly id: number; readonly ready: true }

export interface WorkerOptions {
  /** The engine's name, for people. */
  readonly engine: string
  /** The script, which answers as `serve.js` does. */
  readonly script: URL
  readonly settings: Readonly<Record<string, unknown>>
}

/** @throws EpdError `engine-failed` if the engine does not load or refuses the network */
export async function openWorker({ engine, script, settings }: WorkerOptions): Promise<Session> {
  const worker = new Worker(script, { workerData: settings })
  const waiting = new Map<number, { resolve: (outputs: readonly Numbers[]) => void; reject: (error: Error) => void }>()
  let count = 0
  let elapsed = 0
  let held: number | undefined
  let broken: Error | undefined

  const fail = (error: Error) => {
    broken ??= error
    for (const { reject } of waiting.values()) reject(broken)
    waiting.clear()
  }
  const failed = (reason: string) => new EpdError('engine-failed', `${engine}: ${reason.trim()}`)
  const exited = new Promise<void>(resolve => {
    worker.on('exit', () => {
      fail(failed('its thread has ended'))
      resolve()
    })
  })
  worker.on('error', error => {
    fail(failed(error.message))
  })
  worker.on('message', (reply: Reply) => {
    const asker = waiting.get(reply.id)
    waiting.delete(reply.id)
    if ('error' in reply) asker?.reject(failed(reply.error))
    else if ('ready' in reply) asker?.resolve([])
    else {
      elapsed += reply.milliseconds
      held = reply.held
      asker?.resolve(reply.outputs)
    }
    // An idle session keeps no process from its end.
    if (waiting.size === 0) worker.unref()
  })

  await new Promise<unknown>((resolve, reject) => waiting.set(-1, { resolve, reject }))
  return {
    run(feeds) {
      if (broken) return Promise.reject(broken)
      const id = count++
      worker.ref()
      const answer = new Promise<readonly Numbers[]>((resolve, reject) => waiting.set(id, { resolve, reject }))
      worker.postMessage(
        { id, feeds },
        feeds.map(({ data }) => data.buffer)
      )
      return answer
    },
    elapsed: () => elapsed,
    held: () => held,
    async close() {
      worker.ref()
      if (!broken) worker.postMessage('close')
      await exited
    }
  }
}
