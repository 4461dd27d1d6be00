import { setImmediate } from 'node:timers/promises'
import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { EpdError } from '../errors.js'
import { killProgram, type ProgramProcesses } from './program-processes.js'
import {
  encodeRequest,
  GREETING,
  GREETING_HEAD,
  greetingLength,
  readAnnouncement,
  type Announcement,
  type Request
} from './protocol.js'

/** A program that answers as a model, and how it is started. */
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
export const SHOWN = 4096

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
export interface Running {
  readonly options: ProgramOptions
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>
  /** The mark of all that it has started. */
  readonly mark: string
  readonly announced: Deferred<Announcement | undefined>
  life: Life
  turn: Turn
  voice: Voice
  /** The end of what it wrote on stderr. */
  said: string
  /** The milliseconds that it has computed so far. */
  elapsed: number
  /** Says that the program is silent, unless it speaks before. */
  silence: NodeJS.Timeout
}

export function processesOf({ child, mark }: Running): ProgramProcesses {
  return { pid: child.pid, mark }
}

export function lastWords({ said }: Running): string {
  return said.trimEnd().split('\n').slice(-LINES).join('\n')
}

/** Ends the program at its first failure, and answers the error of that. */
export function fail(running: Running, what: string): EpdError {
  const { options, announced, turn } = running
  const tail = lastWords(running)
  const shown = tail === '' ? 'It wrote nothing on stderr; ' : `Its last words on stderr:\n${tail}\n`
  const error =
    running.life.kind === 'over'
      ? running.life.error
      : new EpdError(
          'engine-failed',
          `${options.command.join(' ')}: ${what}. ${shown}mend it and run again: what is done is kept`,
          { quoted: tail }
        )
  running.life = { kind: 'over', error }
  killProgram(processesOf(running))
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
export function hang(running: Running, what: () => string): NodeJS.Timeout {
  const { timeout } = running.options
  return setTimeout(() => {
    fail(running, `has hung: ${what()} for ${timeout} s`)
  }, timeout * 1000)
}

/** Takes the greeting off the first bytes; undefined while more of them are needed. */
export function greeted(running: Running, bytes: Buffer): Buffer | undefined {
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
export function answered(running: Running, chunk: Buffer): void {
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

export async function ask(running: Running, request: Request, numbers: number): Promise<Float32Array<ArrayBuffer>> {
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
  if (wrong === undefined) return answer
  // What the program said on stderr before its answer may be read after it.
  await setImmediate()
  throw fail(running, `has answered ${wrong}, which is no finite number`)
}

export interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
}

/** A promise that is settled from outside. Nobody has to wait for it. */
export function deferred<T>(): Deferred<T> {
  let settle: { resolve: (value: T) => void; reject: (error: Error) => void } | undefined
  const promise = new Promise<T>((resolve, reject) => (settle = { resolve, reject }))
  promise.catch(() => undefined)
  return {
    promise,
    resolve: value => settle?.resolve(value),
    reject: error => settle?.reject(error)
  }
}
