import { parentPort } from 'node:worker_threads'
import { EpdError, messageOf } from '../errors.js'
import { readLeft } from './left.js'
import type { Asked, Answer } from './left-threads.js'

/** A thread that reads records for the one that started it, some at a time. */
parentPort?.on('message', ({ of, names }: Asked) => {
  parentPort?.postMessage(answer(() => names.map(name => readLeft(of, name))))
})

function answer(read: () => Extract<Answer, { left: unknown }>['left']): Answer {
  try {
    return { left: read() }
  } catch (error) {
    const code = error instanceof EpdError ? error.code : undefined
    return { code, message: messageOf(error) }
  }
}
