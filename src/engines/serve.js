// @ts-check
// The other side of openWorker: answers requests one after the other, so that each is timed alone.
import { parentPort, workerData } from 'node:worker_threads'

/**
 * @typedef {Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>} Numbers
 * @typedef {{ name: string, shape: number[], data: Numbers }} Feed
 * @typedef {{ run: (feeds: Feed[]) => Promise<Numbers[]>, held?: () => number, close: () => Promise<void> | void }}
 * Network
 */

/**
 * Opens a network with the settings that the thread was started with, and serves it until it is closed.
 * @param {(settings: unknown) => Promise<Network>} open
 */
export async function serve(open) {
  if (!parentPort) throw new Error('this file is a worker thread')
  const port = parentPort
  /** @type {Network} */
  let network
  try {
    network = await open(workerData)
    port.postMessage({ id: -1, ready: true })
  } catch (error) {
    port.postMessage({ id: -1, error: messageOf(error) })
    process.exit(0)
  }

  let last = Promise.resolve()
  port.on('message', (/** @type {{ id: number, feeds: Feed[] } | 'close'} */ request) => {
    last = last.then(() => (request === 'close' ? close() : answer(request)))
  })

  /** @param {{ id: number, feeds: Feed[] }} request */
  async function answer({ id, feeds }) {
    try {
      const begun = performance.now()
      const outputs = await network.run(feeds)
      const milliseconds = performance.now() - begun
      const held = network.held?.()
      const owned = outputs.map(data => (data.byteLength === data.buffer.byteLength ? data : data.slice()))
      port.postMessage(
        { id, outputs: owned, milliseconds, held },
        owned.map(data => data.buffer)
      )
    } catch (error) {
      port.postMessage({ id, error: messageOf(error) })
    }
  }

  async function close() {
    await network.close()
    port.close()
  }
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error)
}
