import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { smallSpec } from '../../../test/support/cli.js'
import { expectRecovery } from '../failing.js'
import { inPairs } from '../parallel.js'
import { tally, type Context, type Part, type Row } from '../part.js'
import { ENGINE_FAULTS, failingEngine, failingProgram, movedClock, preloaded, PROGRAM_FAULTS } from '../preloads.js'
import { random } from '../random.js'
import { checkStrace, injected, survey, type Call } from '../strace.js'
import { launch, mark, type Ended } from '../trial.js'
import { wholeRun, type Whole } from '../whole.js'

/** The ways in which each system call fails, in strace's words. `retval=0` says that nothing was written. */
const FAILURES: Readonly<Record<string, readonly string[]>> = {
  openat: ['error=ENOSPC', 'error=EIO', 'error=EROFS', 'error=EMFILE', 'error=EDQUOT', 'error=EACCES'],
  write: ['error=ENOSPC', 'error=EIO', 'error=EDQUOT', 'error=EINTR', 'retval=0'],
  pwrite64: ['error=ENOSPC', 'error=EIO', 'error=EDQUOT', 'error=EINTR', 'retval=0'],
  fsync: ['error=ENOSPC', 'error=EIO', 'error=EDQUOT', 'error=EINTR'],
  fdatasync: ['error=ENOSPC', 'error=EIO', 'error=EDQUOT', 'error=EINTR'],
  rename: ['error=ENOSPC', 'error=EIO', 'error=EROFS', 'error=EDQUOT'],
  unlink: ['error=EIO', 'error=EROFS'],
  ftruncate: ['error=EIO', 'error=EINTR'],
  mkdir: ['error=ENOSPC', 'error=EIO', 'error=EROFS', 'error=EDQUOT']
}
/** Calls that are made on files of the store alone, so that all of them can fail from some moment on. */
const OF_STORE = ['pwrite64', 'fsync', 'rename', 'mkdir', 'unlink']
const LASTING = ['error=ENOSPC', 'error=EIO', 'error=EROFS']
const HOUR = 3_600_000

export const faults: Part = {
  name: 'faults',
  title:
    'A system call, the model or the clock fails while a run is under way, which is then run again undisturbed. No trial flips bits of an answer: nobody could know.',
  async *run(context: Context) {
    checkStrace()
    const spec = smallSpec('psnr, rmse')
    const whole = await wholeRun(spec, join(context.folder, 'whole'))
    const bench = { ...context, spec, whole }
    yield await ofClock(bench)
    yield await ofLimits(bench)
    yield await ofEngine(bench)
    yield await ofPrograms(context)
    yield* ofCalls(bench)
  }
}

interface Bench extends Context {
  readonly spec: string
  readonly whole: Whole
}

interface Trial {
  readonly when: string
  /** Runs with the fault; undefined where it turned out not to have happened. */
  readonly run: (args: readonly string[], store: string, marked: string) => Promise<Ended | undefined>
}

/** Makes the trials of a row. */
async function row(what: string, trials: readonly Trial[], { spec, whole, folder, say }: Bench): Promise<Row> {
  const counts = tally(what, say)
  const ends = { well: 0, missed: 0 }
  await inPairs(trials, async ({ when, run }, number) => {
    const store = join(folder, `${what.replaceAll(' ', '-')}-${number}`)
    const marked = mark()
    const ended = await run(['run', spec, '--store', store, '--json'], store, marked)
    counts.trial()
    if (!ended) ends.missed++
    else if (await expectRecovery(ended, { spec, store, whole, tally: counts, marked, when })) ends.well++
    rmSync(store, { recursive: true, force: true })
  })
  const missed = ends.missed > 0 ? `; in ${ends.missed} the fault met no file of the store` : ''
  return counts.row(`${ends.well} ended well all the same, the others said why not${missed}`)
}

async function* ofCalls(bench: Bench): AsyncIterable<Row> {
  const { folder, short, seed } = bench
  const store = join(folder, 'counted')
  const calls = await survey(['run', bench.spec, '--store', store], store)
  const { below } = random(`${seed} calls`)
  const chosen = [...byKind(calls).values()].flatMap(alike => {
    const some = new Set([alike[0], alike[below(alike.length)]])
    return [...some].flatMap(call => FAILURES[call.name].map(what => ({ call, what, always: false })))
  })
  const lasting = OF_STORE.flatMap(name => {
    const alike = calls.filter(call => call.name === name)
    const some = [alike[0], alike[below(alike.length)], alike[below(alike.length)]]
    return some.flatMap(call => LASTING.map(what => ({ call, what, always: true })))
  })
  for (const [what, faults] of [
    ['a system call fails', short ? chosen.filter((_, i) => i % 100 === 0) : chosen],
    ['all calls of a name fail from one on', short ? lasting.slice(0, 1) : lasting]
  ] as const) {
    const trials = faults.map(fault => ({
      when: `${fault.what} at ${fault.call.name} ${fault.call.nth} of ${fault.call.path}`,
      async run(args: readonly string[], folder: string, marked: string) {
        const ended = await injected(args, fault, { folder, marked })
        // Where a thread's call of the same number went elsewhere, such as to wake another, no disk would have failed.
        return ended.hit.length > 0 && ended.hit.every(path => path !== undefined) ? ended : undefined
      }
    }))
    yield await row(what, trials, bench)
  }
}

/** Calls of one name on files of one kind. */
function byKind(calls: readonly Call[]): ReadonlyMap<string, readonly Call[]> {
  const kinds = new Map<string, Call[]>()
  for (const call of calls) {
    const kind = `${call.name} ${call.path.replaceAll(/[0-9a-f]{8}-[^/]*|\b[0-9a-f]{2}\b|[0-9a-f]{64}|\d{6}/g, '#')}`
    kinds.set(kind, [...(kinds.get(kind) ?? []), call])
  }
  return kinds
}

/** A file may not grow beyond some kilobytes: the write that would is cut short, and the next one fails. */
async function ofLimits(bench: Bench): Promise<Row> {
  const kilobytes = bench.short ? [300] : [16, 64, 96, 100, 104, 128, 200, 300, 600, 768, 1000, 1152]
  const trials = kilobytes.map(size => ({
    when: `files of at most ${size} KiB`,
    run: (args: readonly string[], _: string, marked: string) =>
      launch(args, { marked, under: ['prlimit', `--fsize=${size * 1024}`] }).ended
  }))
  return row('a write is cut short and the next one fails', trials, bench)
}

async function ofEngine(bench: Bench): Promise<Row> {
  const { below } = random(`${bench.seed} engine`)
  const names = keysOf(ENGINE_FAULTS)
  const trials = (bench.short ? names.slice(0, 1) : names).flatMap((fault, i) =>
    [1, 2 + below(10), 12 + below(30)].slice(0, bench.short ? 1 : 3).map(nth => ({
      when: `${fault}, the engine's answer ${nth}`,
      run: (args: readonly string[], _: string, marked: string) =>
        launch(args, { marked, env: preloaded(bench.folder, `engine-${i}-${nth}`, failingEngine(fault, nth)) }).ended
    }))
  )
  return row('an answer of ONNX Runtime fails', trials, bench)
}

async function ofPrograms(context: Context): Promise<Row> {
  const { folder, short, seed } = context
  const { below } = random(`${seed} programs`)
  const spec = programSpec(folder)
  const whole = await wholeRun(spec, join(folder, 'whole-program'))
  const names = keysOf(PROGRAM_FAULTS)
  const trials = (short ? names.slice(0, 1) : names).flatMap(fault =>
    [1, 2 + below(10), 12 + below(30)].slice(0, short ? 1 : 3).map(nth => ({
      when: `${fault}, the program's answer ${nth}`,
      run: (args: readonly string[], _: string, marked: string) =>
        launch(args, { marked, env: { EPD_TORTURE_FAULT: JSON.stringify([fault, nth]) } }).ended
    }))
  )
  return row('an answer of a program fails', trials, { ...context, spec, whole })
}

/** The small spec with a program for a model. */
function programSpec(folder: string): string {
  const program = join(folder, 'program.mjs')
  writeFileSync(program, failingProgram())
  const small = readFileSync(smallSpec('psnr, rmse'), 'utf8')
  const command = JSON.stringify([process.execPath, program])
  const model = `model: { command: ${command}, version: '1', shape: [3, 8, 8], timeout: 3 }`
  const spec = join(folder, 'program.yaml')
  writeFileSync(spec, small.replace(/^model: .*$/m, model))
  return spec
}

/** Two processes run one experiment on one store, and their clock is set meanwhile. */
async function ofClock(bench: Bench): Promise<Row> {
  const { uniform } = random(`${bench.seed} clock`)
  const moves = [-24 * HOUR, -HOUR, -10_000, HOUR, 24 * HOUR, 365 * 24 * HOUR]
  const trials = (bench.short ? moves.slice(0, 1) : [...moves, ...moves]).map((by, i) => {
    const after = 500 + 3000 * uniform()
    return {
      when: `a clock that is set by ${by / HOUR} hours after ${after.toFixed(0)} ms`,
      async run(args: readonly string[], _: string, marked: string) {
        const env = preloaded(bench.folder, `clock-${i}`, movedClock(Date.now() + after, by))
        const [first, second] = await Promise.all([1, 2].map(() => launch(args, { marked, env }).ended))
        return first.code === 0 ? second : first
      }
    }
  })
  return row('the clock is set', trials, bench)
}

function keysOf<T extends string>(record: Readonly<Record<T, string>>): readonly T[] {
  const names: T[] = []
  for (const name in record) names.push(name)
  return names
}
