// @ts-check
// Runs a program on TensorFlow.js in a thread of its own.
import * as tf from '@tensorflow/tfjs-core'
import { serve } from '../serve.js'

/**
 * @typedef {import('./program.js').Program} Program
 * @typedef {import('./program.js').Step} Step
 * @typedef {import('./program.js').Kernel} Kernel
 * @typedef {import('./program.js').Options} Options
 * @typedef {import('../serve.js').Numbers} Numbers
 * @typedef {{ program: Program, package: string, backend: string }} Settings
 */

/** @type {Record<Kernel, (operands: tf.Tensor[], options: Options) => tf.Tensor | tf.Tensor[]>} */
const kernels = {
  add: ([a, b]) => tf.add(a, b),
  sub: ([a, b]) => tf.sub(a, b),
  mul: ([a, b]) => tf.mul(a, b),
  div: ([a, b]) => tf.div(a, b),
  sin: ([x]) => tf.sin(x),
  cos: ([x]) => tf.cos(x),
  sigmoid: ([x]) => tf.sigmoid(x),
  relu: ([x]) => tf.relu(x),
  sqrt: ([x]) => tf.sqrt(x),
  log: ([x]) => tf.log(x),
  softmax: ([x]) => tf.softmax(x),
  matMul: ([a, b], { transposed }) => tf.matMul(a, b, false, transposed),
  mean: ([x], { axes }) => tf.mean(x, axes, true),
  conv2d: ([x, filter], { stride = 1, padding = 'valid' }) => tf.conv2d(image(x), image(filter), stride, padding),
  depthwiseConv2d: ([x, filter], { stride = 1, padding = 'valid' }) =>
    tf.depthwiseConv2d(image(x), image(filter), stride, padding),
  conv2dTranspose: ([x, filter], { sizes: [height, width, channels] = [], stride = 1, padding = 'valid' }) =>
    tf.conv2dTranspose(image(x), image(filter), [x.shape[0], height, width, channels], stride, padding),
  avgPool: ([x], { size = 1, stride = 1, padding = 'valid' }) => tf.avgPool(image(x), size, stride, padding),
  maxPool: ([x], { size = 1, stride = 1, padding = 'valid' }) => tf.maxPool(image(x), size, stride, padding),
  resize: ([x], { sizes: [height, width] = [] }) => tf.image.resizeNearestNeighbor(image(x), [height, width]),
  reshape: ([x], { sizes = [] }) => tf.reshape(x, [...sizes]),
  transpose: ([x], { axes }) => tf.transpose(x, axes),
  concat: (parts, { axis }) => tf.concat(parts, axis),
  split: ([x], { parts = 1, axis }) => tf.split(x, parts, axis),
  pad: ([x], { around = [] }) => tf.pad(x, around),
  reverse: ([x], { axes }) => tf.reverse(x, axes),
  erf: ([x]) => tf.erf(x),
  gather: ([table, rows]) => tf.gather(table, tf.cast(rows, 'int32')),
  argMax: ([x]) => tf.cast(tf.argMax(x, -1), 'float32'),
  zerosLike: ([x]) => tf.zerosLike(x)
}

/** @param {tf.Tensor} x */
function image(x) {
  return /** @type {tf.Tensor4D} */ (x)
}

await serve(async settings => {
  if (!isSettings(settings)) throw new Error('this thread is started by openNetwork')
  const { program } = settings
  await load(settings)
  /** @type {Map<number, tf.Tensor>} */
  const arrays = new Map()
  for (const { at, shape, values } of program.constants) arrays.set(at, tf.tensor(values, [...shape], 'float32'))
  for (const step of program.preparation) run(step, arrays)
  dropUnused(program, arrays)
  return {
    async run(feeds) {
      try {
        for (const { name, at } of program.inputs) arrays.set(at, input(name, feeds))
        for (const step of program.steps) run(step, arrays)
        const data = await Promise.all(program.outputs.map(at => found(at, arrays).data()))
        return data.map(values => Float32Array.from(values))
      } finally {
        const made = [...program.inputs.map(({ at }) => at), ...program.steps.flatMap(({ results }) => results)]
        for (const at of made) forget(at, arrays)
      }
    },
    held: () => tf.memory().numTensors,
    close() {
      for (const at of [...arrays.keys()]) forget(at, arrays)
    }
  }
})

/**
 * @param {Step} step
 * @param {Map<number, tf.Tensor>} arrays
 */
function run({ kernel, operands, results, options, free }, arrays) {
  const given = operands.map(at => found(at, arrays))
  const answer = tf.tidy(() => kernels[kernel](given, options))
  const answers = Array.isArray(answer) ? answer : [answer]
  results.forEach((at, i) => arrays.set(at, answers[i]))
  for (const at of free) forget(at, arrays)
}

/**
 * @param {number} at
 * @param {Map<number, tf.Tensor>} arrays
 */
function found(at, arrays) {
  const array = arrays.get(at)
  if (!array) throw new Error(`array ${at} is used before it is made`)
  return array
}

/**
 * Weights that stand in another layout now.
 * @param {Program} program
 * @param {Map<number, tf.Tensor>} arrays
 */
function dropUnused({ steps, outputs }, arrays) {
  const used = new Set([...steps.flatMap(({ operands }) => operands), ...outputs])
  for (const at of [...arrays.keys()]) if (!used.has(at)) forget(at, arrays)
}

/**
 * @param {number} at
 * @param {Map<number, tf.Tensor>} arrays
 */
function forget(at, arrays) {
  arrays.get(at)?.dispose()
  arrays.delete(at)
}

/**
 * @param {string} name
 * @param {import('../serve.js').Feed[]} feeds
 */
function input(name, feeds) {
  const feed = feeds.find(each => each.name === name)
  if (!feed) throw new Error(`input ${name} is missing`)
  return tf.tensor(Float32Array.from(feed.data), feed.shape, 'float32')
}

/**
 * Loads the backend's package by a name that no compiler follows, since what did not install is not there.
 * @param {Settings} settings
 */
async function load(settings) {
  tf.enableProdMode()
  await import(settings.package)
  if (!(await tf.setBackend(settings.backend))) throw new Error(`its backend ${settings.backend} does not start`)
}

/**
 * @param {unknown} given
 * @returns {given is Settings}
 */
function isSettings(given) {
  return typeof given === 'object' && given !== null && 'program' in given && 'package' in given && 'backend' in given
}
