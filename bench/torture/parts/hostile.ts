import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HOSTILE, type Hostile } from '../../../test/support/hostile.js'
import { inPairs } from '../parallel.js'
import { tally, type Context, type Part, type Tally } from '../part.js'
import { checkStrace } from '../strace.js'

/** What reading one input may take. */
const SECONDS = 30
const MEGABYTES = 1500
/** Characters of a message. */
const LONGEST = 5_000

const TSX = import.meta.resolve('tsx')
const READER = fileURLToPath(new URL('../read-hostile.ts', import.meta.url))
/** What a process that reads is started by itself: Node, and the compiler of TypeScript. */
const OURS = /\/(?:node|esbuild)$/

export const hostile: Part = {
  name: 'hostile',
  title: `Inputs that were made to be slow, endless, too large or to run code are read, each in a process of its own, which strace watches for programs. Each is read or refused as it should be, in ${SECONDS} seconds and ${MEGABYTES} MB.`,
  async *run({ short, folder, say }: Context) {
    checkStrace()
    const all = [...RUNNING, ...HOSTILE]
    for (const reading of new Set(HOSTILE.map(one => one.reading))) {
      const inputs = all.filter(one => one.reading === reading && (!short || !one.heavy))
      const row = tally(reading, say)
      const most = { seconds: 0, megabytes: 0 }
      await inPairs(short ? inputs.slice(0, 1) : inputs, async (input, number) => {
        row.trial()
        const place = join(folder, `${reading}-${number}`)
        mkdirSync(place)
        const came = await read(input, await input.make(place), place, row)
        most.seconds = Math.max(most.seconds, came?.seconds ?? 0)
        most.megabytes = Math.max(most.megabytes, came?.megabytes ?? 0)
        rmSync(place, { recursive: true })
      })
      yield row.row(`at most ${most.seconds.toFixed(1)} s and ${most.megabytes.toFixed(0)} MB`)
    }
  }
}

interface Came {
  readonly message?: string
  /** Whether it was read, or refused by an error that says why. */
  readonly expected: boolean
  readonly seconds: number
  readonly megabytes: number
}

/** Pickles that call what would run a program, as Python does when it reads them. */
const RUNNING: readonly Hostile[] = [
  ['posix', 'system', "S'touch ran'"],
  ['os', 'system', "S'touch ran'"],
  ['subprocess', 'check_output', "(lS'touch'\naS'ran'\na"],
  ['builtins', 'eval', `S'__import__("os").system("touch ran")'`],
  ['builtins', 'exec', `S'import os; os.system("touch ran")'`],
  ['torch.hub', 'load', "S'someone/something'"]
].flatMap(([module, name, argument]) =>
  (['checkpoint', 'predictor'] as const).map(reading => ({
    name: `a pickle that calls ${module}.${name}`,
    reading,
    make(folder: string) {
      const path = join(folder, 'running.pkl')
      writeFileSync(path, `c${module}\n${name}\n(${argument}\ntR.`)
      return path
    },
    says: /./
  }))
)

async function read(
  { name, reading, says }: Hostile,
  path: string,
  place: string,
  row: Tally
): Promise<Came | undefined> {
  const log = `${place}.execve`
  const { code, stdout, stderr } = await watched(reading, path, { place, log })
  if (existsSync(join(place, 'ran'))) row.fault('executed', `${name} has made a file`)
  for (const program of programs(log)) row.fault('executed', `${name} has run ${program}`)
  if (code !== 0) {
    row.fault('wrong', `${name}: its process ended with ${code ?? 'a signal'}: ${stderr.slice(-2000)}`)
    return undefined
  }
  const came = JSON.parse(stdout) as Came
  const problem = problemOf(came, says)
  if (problem !== undefined) row.fault('wrong', `${name}: ${problem}`)
  return came
}

function problemOf({ message, expected, seconds, megabytes }: Came, says: RegExp | undefined): string | undefined {
  if (!expected) return `fails with ${message ?? 'nothing'}`
  if (says === undefined ? message !== undefined : !says.test(message ?? ''))
    return message === undefined ? 'is not refused' : `is refused by ${message.slice(0, 500)}`
  if (message !== undefined && message.length > LONGEST) return `is refused in ${message.length} characters`
  if (seconds > SECONDS) return `takes ${seconds.toFixed(0)} s`
  return megabytes > MEGABYTES ? `takes ${megabytes.toFixed(0)} MB` : undefined
}

/** Reads in a process of its own, which is ended once it has taken far too long. */
function watched(
  reading: string,
  path: string,
  { place, log }: { readonly place: string; readonly log: string }
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const under = ['-f', '-o', log, '--seccomp-bpf', '-e', 'trace=execve']
  const reader = [process.execPath, '--import', TSX, READER, reading, path]
  const child = spawn('strace', [...under, ...reader], { cwd: place, stdio: ['ignore', 'pipe', 'pipe'] })
  const timer = setTimeout(() => child.kill('SIGTERM'), 4000 * SECONDS)
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  return new Promise(resolve => {
    child.on('close', code => {
      clearTimeout(timer)
      resolve({ code, stdout, stderr })
    })
  })
}

/** The programs that were started, but for our own. */
function programs(log: string): readonly string[] {
  const lines = readFileSync(log, 'utf8').split('\n')
  rmSync(log)
  return lines.flatMap(line => /execve\("([^"]*)"/.exec(line)?.[1] ?? []).filter(program => !OURS.test(program))
}
