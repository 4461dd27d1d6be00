// @ts-check
// Runs a small network in a process of its own, which a broken driver may end; what to run comes as JSON on stdin.
import { text } from 'node:stream/consumers'
import { Worker } from 'node:worker_threads'

/**
 * @typedef {{ script: string, settings: Record<string, unknown>, bytes?: string, shape: number[] }} Probe
 * @typedef {import('./session.js').Reply} Reply
 */

/** @type {unknown} */
const given = JSON.parse(await text(process.stdin))
if (!isProbe(given)) throw new Error('this process is started by availability')
const { script, settings, bytes, shape } = given
const path = bytes === undefined ? undefined : new Uint8Array(Buffer.from(bytes, 'base64'))
const worker = new Worker(new URL(script), { workerData: { ...settings, path } })
worker.on('error', ({ message }) => {
  end(message)
})
worker.on('exit', () => {
  end('its thread has ended')
})
worker.on('message', (/** @type {Reply} */ reply) => {
  if ('error' in reply) end(reply.error)
  else if ('ready' in reply) worker.postMessage({ id: 0, feeds: [{ name: 'x', shape, data: ones() }] })
  else process.exit(0)
})

function ones() {
  return new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(1)
}

/** @param {string} message */
function end(message) {
  process.stderr.write(message)
  process.exit(1)
}

/**
 * @param {unknown} given
 * @returns {given is Probe}
 */
function isProbe(given) {
  return typeof given === 'object' && given !== null && 'script' in given && 'settings' in given && 'shape' in given
}
