import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { delimiter, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EpdError } from '../errors.js'
import { beforeLeaving } from '../leaving.js'
import {
  answered,
  ask,
  deferred,
  fail,
  greeted,
  hang,
  lastWords,
  processesOf,
  SHOWN,
  type ProgramOptions,
  type Running
} from './program-state.js'
import { killProgram, MARK } from './program-processes.js'
import type { Announcement, Request } from './protocol.js'
import { killedAfterUs } from './watchdog.js'

/** A program that runs, and is asked on its standard input. */
export interface Program {
  /**
   * The announcement that it makes before its first answer; undefined once it has answered without one.
   * @throws EpdError `engine-failed`
   */
  readonly announcement: Promise<Announcement | undefined>
  /** Asks for so many numbers. Requests are answered one after the other. @throws EpdError `engine-failed` */
  ask(request: Request, numbers: number): Promise<Float32Array<ArrayBuffer>>
  /** The milliseconds that it has computed so far. */
  readonly elapsed: () => number
  /** Ends it with an error of these words, in which its own last words are shown. */
  fail(what: string): EpdError
  close(): Promise<void>
}

/** The milliseconds of silence before a program's first word after which a note says so. */
const SILENCE = 10_000
/** The milliseconds that a program has to end once its stdin has. */
const PATIENCE = 5000
/** The milliseconds in which its last words are read once it has ended. */
const PIPES = 300
/** The folder of epd_run.py, for `from epd_run import serve` in a Python program. */
const PYTHON = dirname(fileURLToPath(new URL('../../python/epd_run.py', import.meta.url)))

/** Starts a program. */
export function startProgram(options: ProgramOptions): Program {
  const running = started(options)
  const ended = endOf(running)
  const interrupt = () => {
    fail(running, 'was interrupted')
  }
  options.signal?.addEventListener('abort', interrupt, { once: true })
  const unsaid = hang(
    running,
    () => 'nothing of what it is (a program that says nothing of itself needs model.shape in the spec), and no byte'
  )
  listen(running)
  if (options.signal?.aborted) interrupt()
  let last: Promise<unknown> = Promise.resolve()
  return {
    announcement: running.announced.promise.finally(() => {
      clearTimeout(unsaid)
    }),
    ask(request, numbers) {
      const answer = last.then(() => ask(running, request, numbers))
      last = answer.catch(() => undefined)
      return answer
    },
    elapsed: () => running.elapsed,
    fail: what => fail(running, what),
    async close() {
      options.signal?.removeEventListener('abort', interrupt)
      await close(running, ended)
    }
  }
}

function started(options: ProgramOptions): Running {
  const { command, cwd } = options
  const [file, ...args] = command
  const mark = randomUUID()
  const child = spawn(file, args, {
    cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PYTHONPATH: [PYTHON, process.env.PYTHONPATH].filter(Boolean).join(delimiter),
      [MARK]: mark
    },
    // The program has a group of its own, so that what it has started ends with it, and Ctrl-C reaches it through this
    // process alone.
    detached: true
  })
  const running: Running = {
    options,
    child,
    mark,
    announced: deferred(),
    life: { kind: 'open' },
    turn: { kind: 'idle' },
    voice: { kind: 'unheard', bytes: Buffer.alloc(0) },
    said: '',
    elapsed: 0,
    silence: setTimeout(() => {
      noteSilence(running)
    }, SILENCE)
  }
  running.silence.unref()
  return running
}

function noteSilence(running: Running): void {
  const { command, onNote } = running.options
  const words = lastWords(running)
  onNote?.(
    `${command.join(' ')} has said nothing for ${SILENCE / 1000} s: it may still be loading or computing, or ` +
      'wait for ' +
      `more numbers than model.shape of the spec has${words === '' ? '' : `; its last words on stderr:\n${words}`}`
  )
}

/** Settles once the program has ended and all that it wrote is read. */
function endOf(running: Running): Promise<void> {
  const { child } = running
  const end = () => {
    killProgram(processesOf(running))
  }
  const keep = beforeLeaving(end)
  const unwatch = killedAfterUs(processesOf(running))
  return new Promise<void>(resolve => {
    child.once('error', error => {
      fail(running, `cannot be started (${error.message})`)
      resolve()
    })
    // What the program has left behind may hold its pipes open for ever.
    child.once('exit', () => {
      setTimeout(() => {
        child.stdout.destroy()
        child.stderr.destroy()
      }, PIPES).unref()
    })
    // This comes behind 'exit', once stderr is read to its end.
    child.once('close', (code, signal) => {
      end()
      keep()
      unwatch()
      const how = signal ? `was ended by ${signal}` : `has ended with exit code ${code ?? 'unknown'}`
      const { turn } = running
      const where =
        turn.kind === 'answering' ? `, ${turn.awaited.got} of ${turn.awaited.bytes.length} bytes into its answer` : ''
      fail(running, `${how}${where}`)
      resolve()
    })
  })
}

function listen(running: Running): void {
  const { child } = running
  // An error of writing to a program that has ended is told of by its end.
  child.stdin.on('error', () => undefined)
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    running.said = (running.said + text).slice(-SHOWN)
  })
  child.stdout.on('data', (chunk: Buffer) => {
    clearTimeout(running.silence)
    const { voice } = running
    const rest = voice.kind === 'heard' ? chunk : greeted(running, Buffer.concat([voice.bytes, chunk]))
    if (rest !== undefined && rest.length > 0) answered(running, rest)
  })
}

/** Refuses new requests, and ends the program once its last answer has come, or after PATIENCE. */
async function close(running: Running, ended: Promise<void>): Promise<void> {
  const { child, options } = running
  if (running.life.kind === 'open')
    running.life = { kind: 'over', error: new EpdError('engine-failed', `${options.command.join(' ')}: is closed`) }
  clearTimeout(running.silence)
  child.stdin.end()
  const timer = setTimeout(killProgram, PATIENCE, processesOf(running))
  await ended
  clearTimeout(timer)
}
