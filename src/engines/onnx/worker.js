// @ts-check
// Runs an ONNX Runtime session in a thread of its own.
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { serve } from '../serve.js'

/**
 * @typedef {import('../serve.js').Numbers} Numbers
 * @typedef {{ path: string | Uint8Array, threads: number, provider: string, device: number, bfloat16?: boolean }} Settings
 */

await serve(async given => {
  const { path, threads, provider, device, bfloat16 } = settings(given)
  /** @type {InferenceSession.SessionOptions} */
  const options = {
    executionProviders: [provider === 'cuda' ? { name: 'cuda', deviceId: device } : provider],
    intraOpNumThreads: threads,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    extra: bfloat16 ? { mlas: { enable_gemm_fastmath_arm64_bfloat16: '1' } } : {}
  }
  const session = await (typeof path === 'string'
    ? InferenceSession.create(path, options)
    : InferenceSession.create(path, options))
  return {
    async run(feeds) {
      const inputs = Object.fromEntries(feeds.map(({ name, shape, data }) => [name, tensor(data, shape)]))
      const answers = await session.run(inputs)
      return session.outputNames.map(name => numbers(answers[name].data))
    },
    close: () => session.release()
  }
})

/**
 * @param {Tensor['data']} data
 * @returns {Numbers}
 */
function numbers(data) {
  if (data instanceof Float32Array || data instanceof Float64Array) return /** @type {Numbers} */ (data)
  throw new Error('the network does not answer in floating-point numbers')
}

/**
 * @param {Numbers} data
 * @param {number[]} shape
 */
function tensor(data, shape) {
  return data instanceof Float64Array ? new Tensor('float64', data, shape) : new Tensor('float32', data, shape)
}

/**
 * @param {unknown} given
 * @returns {Settings}
 */
function settings(given) {
  if (isSettings(given)) return given
  throw new Error('this thread is started by openSession')
}

/**
 * @param {unknown} given
 * @returns {given is Settings}
 */
function isSettings(given) {
  return typeof given === 'object' && given !== null && 'path' in given && 'provider' in given
}
