// @ts-check
// Runs an ONNX Runtime session in a thread of its own, since a run blocks the thread that calls it.
import { parentPort, workerData } from 'node:worker_threads'
import { InferenceSession, Tensor } from 'onnxruntime-node'

/**
 * @typedef {Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>} Numbers
 * @typedef {{ name: string, shape: number[], data: Numbers }} Feed
 * @typedef {{ id: number, feeds: Feed[] }} Request
 */

/** @typedef {{ path: string | Uint8Array, threads: number, provider: string }} Settings */

if (!parentPort) throw new Error('this file is a worker thread')
const port = parentPort

const { path, threads, provider } = settings(workerData)

/** @type {InferenceSession.SessionOptions} */
const options = {
  executionProviders: [provider],
  intraOpNumThreads: threads,
  graphOptimizationLevel: 'all',
  logSeverityLevel: 3
}

/** @type {InferenceSession} */
let session
try {
  session = await (typeof path === 'string'
    ? InferenceSession.create(path, options)
    : InferenceSession.create(path, options))
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
    const inputs = Object.fromEntries(feeds.map(({ name, shape, data }) => [name, tensor(data, shape)]))
    const begun = performance.now()
    const answers = await session.run(inputs)
    const milliseconds = performance.now() - begun
    const outputs = session.outputNames.map(name => owned(answers[name].data))
    port.postMessage(
      { id, outputs, milliseconds },
      outputs.map(data => data.buffer)
    )
  } catch (error) {
    port.postMessage({ id, error: messageOf(error) })
  }
}

/**
 * What may be handed over.
 * @param {Tensor['data']} data
 * @returns {Numbers}
 */
function owned(data) {
  if (!(data instanceof Float32Array || data instanceof Float64Array))
    throw new Error('the network does not answer in floating-point numbers')
  return /** @type {Numbers} */ (data.byteLength === data.buffer.byteLength ? data : data.slice())
}

/**
 * @param {Numbers} data
 * @param {number[]} shape
 */
function tensor(data, shape) {
  return data instanceof Float64Array ? new Tensor('float64', data, shape) : new Tensor('float32', data, shape)
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
