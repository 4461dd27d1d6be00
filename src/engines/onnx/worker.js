// @ts-check
// Runs an ONNX Runtime session in a thread of its own.
import { InferenceSession, Tensor, env } from 'onnxruntime-node'
import { fromFloat16, toFloat16 } from '../../checkpoints/half.js'
import { serve } from '../serve.js'

/**
 * @typedef {import('../serve.js').Numbers} Numbers
 * @typedef {{ path: string | Uint8Array, folder?: string, threads: number, provider: string | { name: string },
 * bfloat16?: boolean }} Settings
 */

// Errors are thrown as well as logged, and a log would stand in the middle of the terminal's list.
env.logLevel = 'fatal'
const SILENT = 4

// Where there is a Float16Array (Node 24), onnxruntime-common makes one of what it is given, and onnxruntime-node's
// binary takes it for empty; without it both take halves as whole numbers of 16 bits.
Reflect.deleteProperty(globalThis, 'Float16Array')

await serve(async given => {
  const { path, folder, threads, provider, bfloat16 } = settings(given)
  /** @type {InferenceSession.SessionOptions} */
  const options = {
    executionProviders: [provider],
    intraOpNumThreads: threads,
    graphOptimizationLevel: 'all',
    logSeverityLevel: SILENT,
    extra: {
      ...(bfloat16 && { mlas: { enable_gemm_fastmath_arm64_bfloat16: '1' } }),
      session: {
        ...(folder !== undefined && { model_external_initializers_file_folder_path: folder }),
        // A thread that waits for work by spinning takes the core of one that has work, of this process or another's.
        intra_op: { allow_spinning: '0' }
      }
    }
  }
  const session = await (typeof path === 'string'
    ? InferenceSession.create(path, options)
    : InferenceSession.create(path, options))
  const types = new Map(session.inputMetadata.flatMap(input => (input.isTensor ? [[input.name, input.type]] : [])))
  return {
    async run(feeds) {
      const inputs = Object.fromEntries(
        feeds.map(({ name, shape, data }) => [name, tensor(data, shape, types.get(name))])
      )
      const answers = await session.run(inputs, { logSeverityLevel: SILENT })
      return session.outputNames.map(name => numbers(answers[name]))
    },
    close: () => session.release()
  }
})

/**
 * @param {Tensor} answer
 * @returns {Numbers}
 */
function numbers({ type, data }) {
  if (data instanceof Float32Array || data instanceof Float64Array) return /** @type {Numbers} */ (data)
  if (type === 'float16' && ArrayBuffer.isView(data))
    return Float32Array.from(new Uint16Array(data.buffer, data.byteOffset, data.length), fromFloat16)
  throw new Error('the network does not answer in floating-point numbers')
}

/**
 * In the type that the network takes: its own graphs in single or double precision, others' in half or whole numbers
 * too.
 * @param {Numbers} data
 * @param {number[]} shape
 * @param {string | undefined} type
 */
function tensor(data, shape, type) {
  if (type === 'int64')
    return new Tensor(
      'int64',
      BigInt64Array.from(data, value => BigInt(Math.round(value))),
      shape
    )
  if (type === 'int32')
    return new Tensor(
      'int32',
      Int32Array.from(data, value => Math.round(value)),
      shape
    )
  if (type === 'float16') return new Tensor('float16', halves(data), shape)
  if (type === 'float64') return new Tensor('float64', Float64Array.from(data), shape)
  if (type === 'float32' && data instanceof Float64Array) return new Tensor('float32', Float32Array.from(data), shape)
  return data instanceof Float64Array ? new Tensor('float64', data, shape) : new Tensor('float32', data, shape)
}

/** @param {Numbers} data */
function halves(data) {
  return new Uint16Array(toFloat16(new Uint8Array(Float32Array.from(data).buffer)).buffer)
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
