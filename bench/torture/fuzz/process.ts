import { fork, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { TRACE_HEAD, type Answer, type Check, type Hunt } from './messages.js'

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url))
/** Milliseconds after which an input that is still being read has hung. */
const HUNG = 30_000
/** Milliseconds that a process may take to begin: it instruments all modules that it imports. */
const SLOW_START = 600_000

/** Starts a process, and gives it one task. `told` hears what it answers before its end. */
function start(task: Hunt | Check, options: readonly string[], told: (answer: Answer) => void): ChildProcess {
  const child = fork(CHILD, [...options], {
    execArgv: [...process.execArgv, '--max-old-space-size=1024'],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc']
  })
  child.on('message', told)
  child.send(task)
  return child
}

/** How a process ended that did not do all that it was to do. */
export interface Broken {
  readonly kind: 'broken'
  readonly message: string
  /** The input that it was reading. */
  readonly input: Buffer
  readonly runs: number
  /** The milliseconds since its first input. */
  readonly milliseconds: number
}

/** Hunts in a process of its own, which is killed where it hangs. */
export function hunted(
  task: Hunt,
  told: (answer: Answer) => void
): Promise<Extract<Answer, { kind: 'done' }> | Broken> {
  return new Promise(resolve => {
    let done: Extract<Answer, { kind: 'done' }> | undefined
    let [message, said] = ['', '']
    const child = start(task, ['--counted'], answer => {
      if (answer.kind === 'done') done = answer
      else told(answer)
    })
    child.stderr?.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)))
    let [seen, since] = [0, performance.now()]
    let begun: number | undefined
    const watch = setInterval(() => {
      const { runs } = traced(task.trace)
      const limit = runs === 0 ? SLOW_START : HUNG
      if (runs > 0) begun ??= performance.now()
      if (runs !== seen) [seen, since] = [runs, performance.now()]
      else if (performance.now() - since > limit) {
        message = `it had not ended after ${limit / 1000} s`
        child.kill('SIGKILL')
      }
    }, 500)
    child.once('exit', (code, signal) => {
      clearInterval(watch)
      if (message === '') message = `the process ended with ${code ?? signal ?? ''}: ${said.trim()}`
      const milliseconds = begun === undefined ? 0 : performance.now() - begun
      resolve(done ?? { kind: 'broken', message, milliseconds, ...traced(task.trace) })
    })
  })
}

/** The input that is being read, and how many there were. */
function traced(file: string): { readonly runs: number; readonly input: Buffer } {
  const bytes = orEmpty(file)
  if (bytes.length < TRACE_HEAD) return { runs: 0, input: Buffer.alloc(0) }
  return { runs: bytes.readUInt32LE(0), input: bytes.subarray(TRACE_HEAD, TRACE_HEAD + bytes.readUInt32LE(4)) }
}

function orEmpty(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch {
    return Buffer.alloc(0)
  }
}

type Checked = Extract<Answer, { kind: 'checked' }>

/** What comes of one input in a process of its own; undefined where that does not end, or breaks. */
export function checked(task: Check): Promise<Checked | undefined> {
  return new Promise(resolve => {
    let answer: Checked | undefined
    const kill = () => child.kill('SIGKILL')
    let timer: NodeJS.Timeout | undefined
    const child = start(task, [], each => {
      if (each.kind === 'begun') timer = setTimeout(kill, 2 * HUNG)
      if (each.kind === 'checked') answer = each
    })
    child.once('exit', () => {
      clearTimeout(timer)
      resolve(answer)
    })
  })
}
