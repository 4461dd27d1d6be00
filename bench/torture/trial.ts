import { spawn, type ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { outcome } from '../../test/support/outcome.js'
import { main } from '../../test/support/cli.js'
import type { Tally } from './part.js'

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Launched {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
}

/** The environment variable by which the processes of a trial are known. */
const MARK = 'EPD_TORTURE'
let trials = 0

/** A mark for one trial: what it starts carries it, so that nothing of it is overlooked or confused with others. */
export function mark(): string {
  return `${process.pid}-${++trials}`
}

/** Starts the command line with a trial's mark, under another program such as strace where `under` names one. */
export function launch(
  args: readonly string[],
  { marked = mark(), under = [], env }: { marked?: string; under?: readonly string[]; env?: NodeJS.ProcessEnv } = {}
): Launched {
  const [program, ...rest] = [...under, process.execPath, main, ...args]
  const child = spawn(program, rest, {
    env: { ...process.env, ...env, [MARK]: marked },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const ended = new Promise<Ended>(resolve => {
    child.on('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr })
    })
  })
  return { child, ended }
}

/** The living processes that carry a mark. */
export function living(marked: string): readonly number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(pid => carries(pid, `${MARK}=${marked}`))
    .map(Number)
}

function carries(pid: string, variable: string): boolean {
  try {
    const state = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '')[0]
    return !'ZX'.includes(state) && readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(variable)
  } catch {
    return false
  }
}

/** Counts the processes of a trial that are alive a second after its end, and ends them. */
export async function expectNoneLeft(marked: string, tally: Tally): Promise<void> {
  for (let i = 0; i < 10 && living(marked).length > 0; i++) await new Promise(resolve => setTimeout(resolve, 100))
  const left = living(marked)
  if (left.length === 0) return
  tally.fault('left', `processes ${left.join(', ')} are alive`, left.length)
  for (const pid of left) process.kill(pid, 'SIGKILL')
}

/** Compares what a store holds with what an undisturbed run left. */
export function expectOutcome(store: string, wanted: ReturnType<typeof outcome>, tally: Tally, when: string): void {
  const found = outcome(store)
  if (!isDeepStrictEqual(found, wanted)) tally.fault('lost', `the store differs after ${when}`)
}
