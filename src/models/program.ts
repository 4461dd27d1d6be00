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
  /** What it says of itself before its first answer; undefined once it has answered without. @throws EpdError `engine-failed` */
  readonly announcement: Promise<Announcement | undefined>
  /** Its answer of so many numbers. Requests are answered one after the other. @throws EpdError `engine-failed` */
  ask(request: Request, numbers: number): Promise<Float32Array<ArrayBuffer>>
  /** Milliseconds that it has computed so far. */
  readonly elapsed: () => number
  /** Ends it with an error of these words, in which its own last words are shown. */
  fail(what: string): EpdError
  close(): Promise<void>
}

/** A program that answers as a model, and how it is started. */
export interface ProgramOptions {
  /** The program with its arguments; no shell looks at them. */
  readonly command: readonly string[]
  /** Seconds without a byte after which it counts as hung. */
  readonly timeout: number
  /** Folder that it is started in; default: the current one. */
  readonly cwd?: string
  /** Ends the program at once, whatever it is computing. */
  readonly signal?: AbortSignal
  /** Told once where it is silent for long. */
  readonly onNote?: (message: string) => void
}

/** Lines of what the program last said on stderr that an error shows. */
const LINES = 12
const SHOWN = 4096
/** Milliseconds of silence before the first word of a program after which that is said. */
const SILENCE = 10_000
/** Milliseconds that a program has to end once its stdin has. */
const PATIENCE = 5000
/** Milliseconds in which its last words are read once it has ended. */
const PIPES = 300
/** Where epd_run.py stands, for `from epd_run import serve` in a Python program. */
const PYTHON = dirname(fileURLToPath(new URL('../../python/epd_run.py', import.meta.url)))

/** An answer that is waited for. */
interface Awaited {
  readonly bytes: Buffer
  got: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
  timer: NodeJS.Timeout
}

/** Starts a program. */
export function startProgram({ command, timeout, cwd, signal, onNote = () => undefined }: ProgramOptions): Program {
  const [file, ...args] = command
  let said = ''
  let elapsed = 0
  let waiting: Awaited | undefined
  let broken: EpdError | undefined
  let last: Promise<unknown> = Promise.resolve()
  /** What has come before it is known whether the program greets; undefined once that is known. */
  let greeting: Buffer | undefined = Buffer.alloc(0)
  const announced = deferred<Announcement | undefined>()

  const lastWords = () => said.trimEnd().split('\n').slice(-LINES).join('\n')
  function fail(what: string): EpdError {
    const tail = lastWords()
    const shown = tail === '' ? 'It wrote nothing on stderr' : `Its last words on stderr:\n${tail}\n`
    broken ??= new EpdError(
      'engine-failed',
      `${command.join(' ')}: ${what}. ${shown}${tail === '' ? '; ' : ''}mend it and run again: what is done is kept`
    )
    kill(child)
    clearTimeout(silence)
    clearTimeout(waiting?.timer)
    waiting?.reject(broken)
    waiting = undefined
    announced.reject(broken)
    return broken
  }
  const hang = (what: () => string) =>
    setTimeout(() => {
      fail(`has hung: ${what()} for ${timeout} s`)
    }, timeout * 1000)
  const unsaid = hang(
    () => 'nothing of what it is (a program that says nothing of itself needs model.shape in the spec), and no byte'
  )
  const silence = setTimeout(() => {
    const words = lastWords()
    onNote(
      `${command.join(' ')} has said nothing for ${SILENCE / 1000} s: it may still be loading or computing, or wait for more numbers than model.shape of the spec has${words === '' ? '' : `; its last words on stderr:\n${words}`}`
    )
  }, SILENCE)
  silence.unref()

  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn(file, args, {
    cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, PYTHONPATH: [PYTHON, process.env.PYTHONPATH].filter(Boolean).join(delimiter) },
    // A group of its own, so that what the program has started ends with it, and Ctrl-C reaches it through this process alone.
    detached: true
  })
  const keep = beforeLeaving(() => {
    kill(child)
  })
  const interrupt = () => {
    fail('was interrupted')
  }
  signal?.addEventListener('abort', interrupt, { once: true })
  const ended = new Promise<void>(resolve => {
    child.once('error', error => {
      fail(`cannot be started (${error.message})`)
      resolve()
    })
    // What the program has left behind may hold its pipes open for ever.
    child.once('exit', () => {
      setTimeout(() => {
        child.stdout.destroy()
        child.stderr.destroy()
      }, PIPES).unref()
    })
    // Behind 'exit', once stderr is read to its end.
    child.once('close', (code, signal) => {
      kill(child)
      keep()
      const how = signal ? `was ended by ${signal}` : `has ended with exit code ${code ?? 'unknown'}`
      const where = waiting ? `, ${waiting.got} of ${waiting.bytes.length} bytes into its answer` : ''
      fail(`${how}${where}`)
      resolve()
    })
  })
  // What is written to a program that has ended is told of by its end.
  child.stdin.on('error', () => undefined)
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-SHOWN)))
  child.stdout.on('data', (chunk: Buffer) => {
    clearTimeout(silence)
    const rest = greeting === undefined ? chunk : greeted(Buffer.concat([greeting, chunk]))
    if (rest !== undefined && rest.length > 0) answered(rest)
  })

  /** Takes the greeting off the first bytes; undefined while more of them are needed. */
  function greeted(bytes: Buffer): Buffer | undefined {
    greeting = bytes
    const seen = Math.min(bytes.length, GREETING.length)
    if (!bytes.subarray(0, seen).equals(GREETING.subarray(0, seen))) {
      greeting = undefined
      announced.resolve(undefined)
      return bytes
    }
    if (bytes.length < GREETING_HEAD) return undefined
    try {
      const end = GREETING_HEAD + greetingLength(bytes)
      if (bytes.length < end) return undefined
      announced.resolve(readAnnouncement(bytes.toString('utf8', GREETING_HEAD, end)))
      greeting = undefined
      return bytes.subarray(end)
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error))
      return undefined
    }
  }

  function answered(chunk: Buffer): void {
    if (!waiting || chunk.length > waiting.bytes.length - waiting.got) {
      const expected = waiting ? `${waiting.bytes.length}` : 'none'
      fail(`has written more bytes than were asked for (${expected}); messages belong on stderr`)
      return
    }
    chunk.copy(waiting.bytes, waiting.got)
    waiting.got += chunk.length
    clearTimeout(waiting.timer)
    if (waiting.got < waiting.bytes.length) {
      waiting.timer = hangingAnswer()
      return
    }
    waiting.resolve()
    waiting = undefined
  }
  const hangingAnswer = () =>
    hang(() => `${waiting?.got ?? 0} of ${waiting?.bytes.length ?? 0} bytes of its answer, and none`)

  async function ask(request: Request, numbers: number): Promise<Float32Array<ArrayBuffer>> {
    if (broken) throw broken
    const bytes = Buffer.alloc(4 * numbers)
    const begun = performance.now()
    await new Promise<void>((resolve, reject) => {
      waiting = { bytes, got: 0, resolve, reject, timer: hangingAnswer() }
      child.stdin.write(encodeRequest(request))
    })
    elapsed += performance.now() - begun
    const answer = new Float32Array(bytes.buffer, bytes.byteOffset, numbers).slice()
    const wrong = answer.find(value => !Number.isFinite(value))
    if (wrong !== undefined) throw fail(`has answered ${wrong}, which is no finite number`)
    return answer
  }

  return {
    announcement: announced.promise.finally(() => {
      clearTimeout(unsaid)
    }),
    ask(request, numbers) {
      const answer = last.then(() => ask(request, numbers))
      last = answer.catch(() => undefined)
      return answer
    },
    elapsed: () => elapsed,
    fail,
    async close() {
      broken ??= new EpdError('engine-failed', `${command.join(' ')}: is closed`)
      clearTimeout(silence)
      signal?.removeEventListener('abort', interrupt)
      child.stdin.end()
      const timer = setTimeout(kill, PATIENCE, child)
      await ended
      clearTimeout(timer)
    }
  }
}

/** A promise that is settled from outside; nobody has to wait for it. */
function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
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
