import { spawn, type ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { digestOf } from '../checkpoints/digest.js'
import type { Feed, Session } from '../engines/session.js'
import { EpdError } from '../errors.js'
import { beforeLeaving } from '../leaving.js'
import { INPUTS } from '../networks/network.js'
import { betweenSteps } from './between-steps.js'
import { withClipping, type ClipDenoised } from './clipped.js'
import { classesOf, type Shape } from './denoiser.js'
import { denoiserOf } from './network-denoiser.js'
import type { Model } from './open.js'
import { parametrisation, type NoiseSpec, type Prediction } from './parametrisation.js'

/** A model that is a program; docs/command.md has what it reads and writes. */
export interface CommandModelOptions {
  /** The program with its arguments; no shell looks at them. */
  readonly command: readonly string[]
  /** Of the program and its weights: another version, other results. */
  readonly version: string
  readonly shape: Shape
  /** Number of classes; default: 0. */
  readonly labels?: number
  readonly predicts: Prediction
  readonly noise: NoiseSpec
  /** Default: denoised data are not clamped. */
  readonly clipDenoised?: ClipDenoised
  /** Seconds without a byte after which it counts as hung. */
  readonly timeout: number
  /** Folder that it is started in; default: the current one. */
  readonly cwd?: string
  /** Ends the program at once, whatever it is computing. */
  readonly signal?: AbortSignal
}

/** A model that a program evaluates. It is started at the first evaluation. */
export function openCommandModel(options: CommandModelOptions): Model {
  const { command, version, shape, labels = 0, predicts, noise } = options
  let running: Session | undefined
  const open = () => Promise.resolve((running ??= started(options)))
  const model = (told: NoiseSpec, session: () => Promise<Session>) =>
    denoiserOf({ shape, labelDim: labels }, parametrisation(predicts, told), session)
  const whole = noise.type === 'steps' && noise.rounding === 'nearest'
  const opened: Model = {
    ...model(noise, open),
    smooth: whole ? model({ ...noise, rounding: undefined }, async () => betweenSteps(await open())) : undefined,
    engine: 'command',
    batchInvariant: false,
    digest: digestOf([command, version, shape, labels, predicts, noise]),
    async close() {
      await running?.close()
    }
  }
  return withClipping(opened, options.clipDenoised)
}

/** Lines of what the program last said on stderr that an error shows. */
const LINES = 12
const SHOWN = 4096

/** The program as a session: requests on its stdin, one after the other, answers on its stdout. */
function started({ command, timeout, cwd, shape, signal }: CommandModelOptions): Session {
  const [program, ...args] = command
  const size = shape[0] * shape[1] * shape[2]
  let said = ''
  let elapsed = 0
  let waiting:
    | { bytes: Buffer; got: number; resolve: () => void; reject: (error: Error) => void; timer: NodeJS.Timeout }
    | undefined
  let broken: EpdError | undefined
  let last: Promise<unknown> = Promise.resolve()

  function fail(what: string): EpdError {
    const tail = said.trimEnd().split('\n').slice(-LINES).join('\n')
    const shown = tail === '' ? 'It wrote nothing on stderr' : `Its last words on stderr:\n${tail}\n`
    broken ??= new EpdError(
      'engine-failed',
      `${command.join(' ')}: ${what}. ${shown}${tail === '' ? '; ' : ''}mend it and run again: what is done is kept`
    )
    kill(child)
    if (waiting) clearTimeout(waiting.timer)
    waiting?.reject(broken)
    waiting = undefined
    return broken
  }
  const hang = () =>
    setTimeout(() => {
      if (waiting)
        fail(`has hung: ${waiting.got} of ${waiting.bytes.length} bytes of its answer, and none for ${timeout} s`)
    }, timeout * 1000)

  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn(program, args, {
    cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
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
    if (!waiting || chunk.length > waiting.bytes.length - waiting.got) {
      const expected = waiting ? `${waiting.bytes.length}` : 'none'
      fail(`has written more bytes than were asked for (${expected}); messages belong on stderr`)
      return
    }
    chunk.copy(waiting.bytes, waiting.got)
    waiting.got += chunk.length
    clearTimeout(waiting.timer)
    if (waiting.got < waiting.bytes.length) {
      waiting.timer = hang()
      return
    }
    waiting.resolve()
    waiting = undefined
  })

  async function ask(feeds: readonly Feed[]): Promise<readonly Float32Array<ArrayBuffer>[]> {
    if (broken) throw broken
    const [batch] = feeds[0].shape
    const bytes = Buffer.alloc(4 * batch * size)
    const begun = performance.now()
    await new Promise<void>((resolve, reject) => {
      waiting = { bytes, got: 0, resolve, reject, timer: hang() }
      child.stdin.write(request(feeds))
    })
    elapsed += performance.now() - begun
    const answer = new Float32Array(bytes.buffer, bytes.byteOffset, batch * size).slice()
    const wrong = answer.find(value => !Number.isFinite(value))
    if (wrong !== undefined) throw fail(`has answered ${wrong}, which is no finite number`)
    return [answer]
  }
  return {
    run(feeds) {
      const answer = last.then(() => ask(feeds))
      last = answer.catch(() => undefined)
      return answer
    },
    elapsed: () => elapsed,
    held: () => undefined,
    async close() {
      broken ??= new EpdError('engine-failed', `${command.join(' ')}: is closed`)
      signal?.removeEventListener('abort', interrupt)
      child.stdin.end()
      const timer = setTimeout(kill, PATIENCE, child)
      await ended
      clearTimeout(timer)
    }
  }
}

/** Milliseconds that a program has to end once its stdin has. */
const PATIENCE = 5000

/** Milliseconds in which its last words are read once it has ended. */
const PIPES = 1000

/** Ends the program and all of its group. */
function kill({ pid }: { readonly pid?: number }): void {
  if (pid === undefined) return
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}

/** Samples and whether classes follow, as uint32; noise and x as float32; classes as int32: all little-endian. */
function request(feeds: readonly Feed[]): Buffer {
  const of = (name: string) => feeds.find(feed => feed.name === name)
  const [noise, x, labels] = [of(INPUTS.noise), of(INPUTS.x), of(INPUTS.labels)]
  const samples = noise?.data.length ?? 0
  const numbers = [noise, x].map(feed => Buffer.from(Float32Array.from(feed?.data ?? []).buffer))
  const classes = labels ? classesOf(labels.data, labels.shape[1]) : new Int32Array(0)
  const head = Buffer.from(Uint32Array.of(samples, labels ? 1 : 0).buffer)
  return Buffer.concat([head, ...numbers, Buffer.from(classes.buffer)])
}
