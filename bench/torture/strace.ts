import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { launch, mark, type Ended } from './trial.js'

/** The system calls by which a program changes what is on a disk. */
const CHANGING = [
  ...['openat', 'write', 'pwrite64', 'pwritev', 'fsync', 'fdatasync', 'rename', 'renameat', 'renameat2'],
  ...['unlink', 'unlinkat', 'ftruncate', 'mkdir', 'mkdirat']
]

/** One call that changes a file below a folder. */
export interface Call {
  readonly name: string
  /** Its number among the calls of this name that its thread makes, from 1: strace counts by threads. */
  readonly nth: number
  /** The file that it changes, from the folder. */
  readonly path: string
}

/** libuv writes files in its own threads: one thread keeps their order. */
const ENV = { UV_THREADPOOL_SIZE: '1' }

/** @throws Error that says what to install, or that strace may not follow processes here */
export function checkStrace(): void {
  const { error, status, stderr } = spawnSync('strace', ['-f', '--seccomp-bpf', '-e', 'trace=none', 'true'], {
    encoding: 'utf8'
  })
  if (error) throw new Error('there is no strace; the package strace of Debian and Ubuntu brings it (5.3 or newer)')
  if (status !== 0) throw new Error(`strace cannot follow processes here: ${stderr.trim()}`)
}

/**
 * Runs the command line undisturbed, and lists its changes of files below a folder in their order. A call that a thread
 * makes after another thread has made as many of its name is left out, since strace would meet that one first.
 */
export async function survey(args: readonly string[], folder: string): Promise<readonly Call[]> {
  const log = `${folder}.trace`
  const under = ['strace', '-f', '-y', '-o', log, '--seccomp-bpf', '-e', `trace=${CHANGING.join()}`]
  const { code, stderr } = await launch(args, { under, env: ENV }).ended
  if (code !== 0) throw new Error(`an undisturbed run ended with ${code}: ${stderr}`)
  const counts = new Map<string, number>()
  const met = new Set<string>()
  return readFileSync(log, 'utf8')
    .split('\n')
    .flatMap(text => {
      const match = /^(\d+) +(\w+)\((.*)$/.exec(text)
      if (!match) return []
      const [, thread, name, told] = match
      const nth = (counts.get(`${thread} ${name}`) ?? 0) + 1
      counts.set(`${thread} ${name}`, nth)
      if (met.has(`${name} ${nth}`)) return []
      met.add(`${name} ${nth}`)
      const path = changed(name, told, folder)
      return path === undefined ? [] : [{ name, nth, path }]
    })
}

/** The file below a folder that a call changes, by strace's words. */
function changed(name: string, told: string, folder: string): string | undefined {
  if (name === 'openat' && !told.includes('O_CREAT')) return undefined
  const at = told.indexOf(`${folder}/`)
  const whole = told.includes(`"${folder}"`) || told.includes(`<${folder}>`)
  if (at < 0) return whole ? '' : undefined
  return /^[^">]*/.exec(told.slice(at + folder.length + 1))?.[0]
}

/** What happens at a call: words for strace's `inject`, such as `signal=KILL` or `error=ENOSPC`. */
export interface Injection {
  readonly call: Pick<Call, 'name' | 'nth'>
  readonly what: string
  /** Whether it happens at all later calls of the name too. */
  readonly always?: boolean
}

export interface Injected extends Ended {
  /** The files below the folder at whose calls it happened; undefined elsewhere. */
  readonly hit: readonly (string | undefined)[]
}

/** Runs the command line with something injected, and ends strace with it. */
export async function injected(
  args: readonly string[],
  { call: { name, nth }, what, always = false }: Injection,
  { folder, marked = mark() }: { folder: string; marked?: string }
): Promise<Injected> {
  const log = `${folder}.${marked}.trace`
  const inject = `inject=${name}:${what}:when=${nth}${always ? '+' : ''}`
  // With its filter strace does not deliver signals.
  const filter = what.startsWith('signal') ? [] : ['--seccomp-bpf']
  const under = ['strace', '-f', '-y', '-o', log, ...filter, '-e', `trace=${name}`, '-e', inject]
  const ended = await launch(args, { marked, under, env: ENV }).ended
  const lines = readFileSync(log, 'utf8').split('\n')
  const killed = lines.findLastIndex(text => text.includes(`${name}(`))
  const happened =
    ended.signal === 'SIGKILL' ? lines.slice(killed, killed + 1) : lines.filter(text => text.includes('(INJECTED)'))
  rmSync(log)
  return { ...ended, hit: happened.map(text => changed(name, text, folder)) }
}
