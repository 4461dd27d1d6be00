import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { EpdError } from '../../errors.js'

export interface SessionOptions {
  /** The .onnx file, or its bytes. */
  readonly path: string | Uint8Array
  /** Threads within an operation; default: all cores. Never changes a bit of the result. */
  readonly threads?: number
}

export interface Feed {
  readonly name: string
  readonly shape: readonly number[]
  /** Handed over: not to be used afterwards. */
  readonly data: Numbers
}

/** In single or double precision, as the graph has it. */
export type Numbers = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>

/** A network ready to run on ONNX Runtime, in a thread of its own. */
export interface Session {
  /** The graph's outputs, in its order. */
  run(feeds: readonly Feed[]): Promise<readonly Numbers[]>
  /** Milliseconds that ONNX Runtime itself has run so far. */
  readonly elapsed: () => number
  close(): Promise<void>
}

type Reply =
  | { readonly id: number; readonly error: string }
  | { readonly id: number; readonly outputs: readonly Numbers[]; readonly milliseconds: number }
  | { readonly id: number; readonly ready: true }

/** @throws EpdError `engine-failed` if ONNX Runtime does not load or refuses the graph */
export async function openSession({ path, threads = availableParallelism() }: SessionOptions): Promise<Session> {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: { path, threads, provider: 'cpu' } })
  const waiting = new Map<number, { resolve: (outputs: readonly Numbers[]) => void; reject: (error: Error) => void }>()
  let count = 0
  let elapsed = 0
  let broken: Error | undefined

  const fail = (error: Error) => {
    broken ??= error
    for (const { reject } of waiting.values()) reject(broken)
    waiting.clear()
  }
  const wayOut = typeof path === 'string' ? `; if ${path} is damaged, delete it to have it compiled again` : ''
  const failed = (reason: string) => new EpdError('engine-failed', `ONNX Runtime: ${reason}${wayOut}`)
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
      asker?.resolve(reply.outputs)
    }
  })

  await new Promise<unknown>((resolve, reject) => waiting.set(-1, { resolve, reject }))
  return {
    run(feeds) {
      if (broken) return Promise.reject(broken)
      const id = count++
      const answer = new Promise<readonly Numbers[]>((resolve, reject) => waiting.set(id, { resolve, reject }))
      worker.postMessage(
        { id, feeds },
        feeds.map(({ data }) => data.buffer)
      )
      return answer
    },
    elapsed: () => elapsed,
    async close() {
      if (!broken) worker.postMessage('close')
      await exited
    }
  }
}
