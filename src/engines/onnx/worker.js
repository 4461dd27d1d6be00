// @ts-check
// Runs an ONNX Runtime session in a thread of its own, since a run blocks the thread that calls it.
import { parentPort, workerData } from 'node:worker_threads'
import { InferenceSession, Tensor } from 'onnxruntime-node'

/**
 * @typedef {{ name: string, shape: number[], data: Float32Array<ArrayBuffer> }} Feed
 * @typedef {{ id: number, feeds: Feed[] }} Request
 */

/** @typedef {{ path: string, threads: number, provider: string }} Settings */

if (!parentPort) throw new Error('this file is a worker thread')
const port = parentPort

const { path, threads, provider } = settings(workerData)

/** @type {InferenceSession} */
let session
try {
  session = await InferenceSession.create(path, {
    executionProviders: [provider],
    intraOpNumThreads: threads,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3
  })
  port.postMessage({ id: -1, ready: true })
} catch (error) {
  port.postMessage({ id: -1, error: messageOf(error) })
  process.exit(0)
}

/** One request after the other, so that each is timed alone. */
let last = Promise.resolve()
port.on('message', (/** @type {Request | 'close'} */ request) => {
  last = last.then(() => (request === 'close' ? close() : run(request)))
})

/** @param {Request} request */
async function run({ id, feeds }) {
  try {
    const inputs = Object.fromEntries(feeds.map(({ name, shape, data }) => [name, new Tensor('float32', data, shape)]))
    const begun = performance.now()
    const outputs = await session.run(inputs)
    const milliseconds = performance.now() - begun
    const { data } = outputs[session.outputNames[0]]
    if (!(data instanceof Float32Array)) throw new Error('the network does not answer in float32')
    const owned = data.byteLength === data.buffer.byteLength ? data : data.slice()
    port.postMessage({ id, data: owned, milliseconds }, [/** @type {ArrayBuffer} */ (owned.buffer)])
  } catch (error) {
    port.postMessage({ id, error: messageOf(error) })
  }
}

async function close() {
  await session.release()
  port.close()
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error)
}

/**
 * @param {unknown} data
 * @returns {Settings}
 */
function settings(data) {
  if (isSettings(data)) return data
  throw new Error('this thread is started by openSession')
}

/**
 * @param {unknown} data
 * @returns {data is Settings}
 */
function isSettings(data) {
  return typeof data === 'object' && data !== null && 'path' in data && 'threads' in data && 'provider' in data
}
