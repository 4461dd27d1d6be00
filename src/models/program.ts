import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { delimiter, dirname } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { EpdError } from '../errors.js'
import { beforeLeaving } from '../leaving.js'
import {
  encodeRequest,
  GREETING,
  GREETING_HEAD,
  greetingLength,
  readAnnouncement,
  type Announcement,
  type Request
} from './protocol.js'

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

export interface ProgramOptions {
  /** The program with its arguments; no shell looks at them. */
  readonly command: readonly string[]
  /** The seconds without a byte after which it counts as hung. */
  readonly timeout: number
  /** The folder that it is started in; default: the current one. */
  readonly cwd?: string
  /** Ends the program at once, whatever it is computing. */
  readonly signal?: AbortSignal
  /** Is called once where it is silent for long. */
  readonly onNote?: (message: string) => void
}

/** The number of lines of a program's last words on stderr that an error shows. */
const LINES = 12
const SHOWN = 4096
/** The milliseconds of silence before a program's first word after which a note says so. */
const SILENCE = 10_000
/** The milliseconds that a program has to end once its stdin has. */
const PATIENCE = 5000
/** The milliseconds in which its last words are read once it has ended. */
const PIPES = 300
/** The folder of epd_run.py, for `from epd_run import serve` in a Python program. */
const PYTHON = dirname(fileURLToPath(new URL('../../python/epd_run.py', import.meta.url)))

/** An answer that is waited for. */
interface Awaited {
  readonly bytes: Buffer
  /** The number of its bytes that have come. */
  got: number
  /** Ends a program that is silent for too long. */
  timer: NodeJS.Timeout
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** Whether requests are taken. An error that ended the program, or its close, refuses all that follow. */
type Life = { readonly kind: 'open' } | { readonly kind: 'over'; readonly error: EpdError }
/** Whether an answer is waited for. The last may still come while the program is closed. */
type Turn = { readonly kind: 'idle' } | { readonly kind: 'answering'; readonly awaited: Awaited }
/** Whether it is known that the program greets, or does not; until then its first bytes are kept. */
type Voice = { readonly kind: 'unheard'; readonly bytes: Buffer } | { readonly kind: 'heard' }

/** A program with its state, which changes only as bytes come, requests are made and the program ends. */
interface Running {
  readonly options: ProgramOptions
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly announced: Deferred<Announcement | undefined>
  life: Life
  turn: Turn
  voice: Voice
  /** The end of what it wrote on stderr. */
  said: string
  /** Milliseconds that it has computed so far. */
  elapsed: number
  /** Says that the program is silent, unless it speaks before. */
  silence: NodeJS.Timeout
}

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
  const child = spawn(file, args, {
    cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, PYTHONPATH: [PYTHON, process.env.PYTHONPATH].filter(Boolean).join(delimiter) },
    // The program has a group of its own, so that what it has started ends with it, and Ctrl-C reaches it through this
    // process alone.
    detached: true
  })
  const running: Running = {
    options,
    child,
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
    `${command.join(' ')} has said nothing for ${SILENCE / 1000} s: it may still be loading or computing, or wait for ` +
      `more numbers than model.shape of the spec has${words === '' ? '' : `; its last words on stderr:\n${words}`}`
  )
}

function lastWords({ said }: Running): string {
  return said.trimEnd().split('\n').slice(-LINES).join('\n')
}

/** Ends the program at its first failure, and answers the error of that. */
function fail(running: Running, what: string): EpdError {
  const { options, child, announced, turn } = running
  const tail = lastWords(running)
  const shown = tail === '' ? 'It wrote nothing on stderr; ' : `Its last words on stderr:\n${tail}\n`
  const error =
    running.life.kind === 'over'
      ? running.life.error
      : new EpdError(
          'engine-failed',
          `${options.command.join(' ')}: ${what}. ${shown}mend it and run again: what is done is kept`
        )
  running.life = { kind: 'over', error }
  kill(child)
  clearTimeout(running.silence)
  if (turn.kind === 'answering') {
    clearTimeout(turn.awaited.timer)
    turn.awaited.reject(error)
  }
  running.turn = { kind: 'idle' }
  announced.reject(error)
  return error
}

/** Fails a program that is silent for as long as it may be. */
function hang(running: Running, what: () => string): NodeJS.Timeout {
  const { timeout } = running.options
  return setTimeout(() => {
    fail(running, `has hung: ${what()} for ${timeout} s`)
  }, timeout * 1000)
}

/** Settles once the program has ended and all that it wrote is read. */
function endOf(running: Running): Promise<void> {
  const { child } = running
  const keep = beforeLeaving(() => {
    kill(child)
  })
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
      kill(child)
      keep()
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

/** Takes the greeting off the first bytes; undefined while more of them are needed. */
function greeted(running: Running, bytes: Buffer): Buffer | undefined {
  running.voice = { kind: 'unheard', bytes }
  const seen = Math.min(bytes.length, GREETING.length)
  if (!bytes.subarray(0, seen).equals(GREETING.subarray(0, seen))) {
    running.voice = { kind: 'heard' }
    running.announced.resolve(undefined)
    return bytes
  }
  if (bytes.length < GREETING_HEAD) return undefined
  try {
    const end = GREETING_HEAD + greetingLength(bytes)
    if (bytes.length < end) return undefined
    running.announced.resolve(readAnnouncement(bytes.toString('utf8', GREETING_HEAD, end)))
    running.voice = { kind: 'heard' }
    return bytes.subarray(end)
  } catch (error) {
    fail(running, error instanceof Error ? error.message : String(error))
    return undefined
  }
}

/** Takes bytes of the answer that is waited for. */
function answered(running: Running, chunk: Buffer): void {
  const awaited = running.turn.kind === 'answering' ? running.turn.awaited : undefined
  if (!awaited || chunk.length > awaited.bytes.length - awaited.got) {
    const expected = awaited ? `${awaited.bytes.length}` : 'none'
    fail(running, `has written more bytes than were asked for (${expected}); messages belong on stderr`)
    return
  }
  chunk.copy(awaited.bytes, awaited.got)
  awaited.got += chunk.length
  clearTimeout(awaited.timer)
  if (awaited.got < awaited.bytes.length) {
    awaited.timer = hang(running, () => hanging(awaited))
    return
  }
  running.turn = { kind: 'idle' }
  awaited.resolve()
}

function hanging({ got, bytes }: Pick<Awaited, 'got' | 'bytes'>): string {
  return `${got} of ${bytes.length} bytes of its answer, and none`
}

async function ask(running: Running, request: Request, numbers: number): Promise<Float32Array<ArrayBuffer>> {
  if (running.life.kind === 'over') throw running.life.error
  const bytes = Buffer.alloc(4 * numbers)
  const begun = performance.now()
  await new Promise<void>((resolve, reject) => {
    const timer = hang(running, () => hanging({ got: 0, bytes }))
    running.turn = { kind: 'answering', awaited: { bytes, got: 0, timer, resolve, reject } }
    running.child.stdin.write(encodeRequest(request))
  })
  running.elapsed += performance.now() - begun
  const answer = new Float32Array(bytes.buffer, bytes.byteOffset, numbers).slice()
  const wrong = answer.find(value => !Number.isFinite(value))
  if (wrong !== undefined) throw fail(running, `has answered ${wrong}, which is no finite number`)
  return answer
}

/** Refuses new requests, and ends the program once its last answer has come, or after PATIENCE. */
async function close(running: Running, ended: Promise<void>): Promise<void> {
  const { child, options } = running
  if (running.life.kind === 'open')
    running.life = { kind: 'over', error: new EpdError('engine-failed', `${options.command.join(' ')}: is closed`) }
  clearTimeout(running.silence)
  child.stdin.end()
  const timer = setTimeout(kill, PATIENCE, child)
  await ended
  clearTimeout(timer)
}

interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
}

/** A promise that is settled from outside. Nobody has to wait for it. */
function deferred<T>(): Deferred<T> {
  let settle: { resolve: (value: T) => void; reject: (error: Error) => void } | undefined
  const promise = new Promise<T>((resolve, reject) => (settle = { resolve, reject }))
  promise.catch(() => undefined)
  return {
    promise,
    resolve: value => settle?.resolve(value),
    reject: error => settle?.reject(error)
  }
}

/** Ends the program and all of its group. */
function kill({ pid }: { readonly pid?: number }): void {
  if (pid === undefined) return
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}
