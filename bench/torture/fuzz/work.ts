import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { faultOf, pollution } from '../../../test/support/fuzz/judge.js'
import { formerFindings, type Place, type Reader, type Target } from '../../../test/support/fuzz/target.js'
import { random, type Random } from '../random.js'
import { coverage } from './coverage.js'
import { guard } from './guard.js'
import { LARGE, SLOW, TRACE_HEAD, type Answer, type Check, type Finding, type Hunt } from './messages.js'
import { minimised } from './minimise.js'
import { LONGEST, mutated } from './mutate.js'
import { targets } from './targets.js'

// These are taken before the guard stands in their place.
const [open, write, truncate, close] = [openSync, writeSync, ftruncateSync, closeSync]

/** Does what it is told by its parent, and ends. */
export function work(): void {
  const guarding = guard()
  // Nothing goes on without its parent.
  process.once('disconnect', () => process.exit())
  process.once('message', (task: Hunt | Check) => {
    void (task.kind === 'hunt' ? hunt(task, guarding) : check(task, guarding)).then(answer => {
      tell(answer, () => process.exit())
    })
  })
}

function tell(answer: Answer, then?: () => void): void {
  process.send?.(answer, undefined, undefined, then)
}

type Guarding = ReturnType<typeof guard>

/** Gives a reader one input. Answers what is wrong with what it did, if anything. */
type Trial = (input: Buffer) => Promise<string | undefined>

async function trialOf(target: Target, folder: string, guarding: Guarding): Promise<Trial> {
  const read: Reader = await target.open(placeIn(folder), folder)
  const strays = new Array<unknown>()
  for (const event of ['unhandledRejection', 'uncaughtException'] as const)
    process.on(event, (error: unknown) => {
      strays.push(error)
    })
  return async input => {
    let fault: string | undefined
    guarding.active = true
    try {
      await read(input)
    } catch (error) {
      fault = faultOf(error, target)
    }
    guarding.active = false
    const tried = guarding.tried().at(0)
    for (const stray of strays.splice(0))
      fault = `an error was left alone: ${stray instanceof Error ? String(stray.stack) : typeof stray}`
    return (tried === undefined ? undefined : `it tried to ${tried}`) ?? pollution() ?? fault
  }
}

/** Writes files that stay open, and are written over. */
function placeIn(folder: string): Place {
  const files = new Map<string, number>()
  return (name, content) => {
    const path = join(folder, name)
    const file = files.get(name) ?? open(path, 'w')
    files.set(name, file)
    const bytes = Buffer.from(content)
    truncate(file)
    for (let at = 0; at < bytes.length;) at += write(file, bytes, at, bytes.length - at, at)
    return path
  }
}

async function check({ target: name, folder, input }: Check, guarding: Guarding): Promise<Answer> {
  const target = named(name)
  const trial = await trialOf(target, folder, guarding)
  // What is imported and compiled at first is none of the input's fault.
  for (const seed of target.seeds()) await trial(seed.subarray(0, LONGEST))
  const [cpu, memory] = [process.cpuUsage(), process.resourceUsage().maxRSS]
  tell({ kind: 'begun' })
  await setImmediate()
  const fault = await trial(input)
  const { user, system } = process.cpuUsage(cpu)
  return {
    kind: 'checked',
    fault,
    milliseconds: (user + system) / 1000,
    memory: 1024 * (process.resourceUsage().maxRSS - memory)
  }
}

async function hunt(task: Hunt, guarding: Guarding): Promise<Answer> {
  const target = named(task.target)
  const trial = await trialOf(target, task.folder, guarding)
  const draw = random(task.seed)
  const tokens = target.tokens.map(token => Buffer.from(token))
  const corpus = [...target.seeds(), ...formerFindings(target).map(([, input]) => input), ...task.corpus].map(input =>
    input.subarray(0, LONGEST)
  )
  const { take, arms } = coverage()
  const observed = observer(target, trial, task.trace)
  take()
  for (const input of corpus) await observed(input)
  take()
  const until = performance.now() + task.milliseconds
  let yielded = performance.now()
  while (performance.now() < until) {
    const changed = mutated(chosen(corpus, draw), draw, { other: chosen(corpus, draw), tokens })
    const input = target.repaired && draw.below(4) > 0 ? target.repaired(changed) : changed
    await observed(input)
    if (take()) {
      corpus.push(Buffer.from(input))
      tell({ kind: 'kept', input: corpus[corpus.length - 1] })
    }
    if (performance.now() - yielded > 50) {
      await setImmediate()
      yielded = performance.now()
    }
  }
  const { reached, all } = arms()
  return { kind: 'done', runs: observed.runs(), reached, arms: all }
}

/** What has last reached something new leads further. */
function chosen(corpus: readonly Buffer[], { below }: Random): Buffer {
  const from = below(2) === 0 ? Math.max(corpus.length - 32, 0) : 0
  return corpus[from + below(corpus.length - from)]
}

/** Runs trials, and tells of each kind of fault once, with an input as short as it can be made. */
function observer(target: Target, trial: Trial, trace: string) {
  const file = open(trace, 'w')
  process.once('exit', () => {
    close(file)
  })
  const known = new Set<string>()
  const head = Buffer.alloc(TRACE_HEAD)
  let runs = 0
  const traced = async (input: Buffer) => {
    head.writeUInt32LE(++runs)
    head.writeUInt32LE(input.length, 4)
    const bytes = Buffer.concat([head, input])
    write(file, bytes, 0, bytes.length, 0)
    return trial(input)
  }
  const report = (kind: Finding['kind'], message: string, input: Buffer) => {
    known.add(keyOf(kind, message))
    tell({ kind: 'found', finding: { kind, message, input: Buffer.from(input) } })
  }
  const observed = async (input: Buffer) => {
    const [begun, memory] = [performance.now(), process.resourceUsage().maxRSS]
    const fault = await traced(input)
    const [took, grown] = [performance.now() - begun, 1024 * (process.resourceUsage().maxRSS - memory)]
    if (fault !== undefined && !known.has(keyOf('error', fault))) {
      const key = keyOf('error', fault)
      const still = async (shorter: Buffer) => {
        const found = await traced(shorter)
        return found !== undefined && keyOf('error', found) === key
      }
      report('error', fault, await minimised(input, still))
    }
    if (target.unbounded !== undefined) return
    if (took > SLOW) report('slow', `it took ${(took / 1000).toFixed(1)} s`, input)
    if (grown > LARGE) report('memory', `it took ${(grown / 2 ** 20).toFixed(0)} MiB`, input)
  }
  return Object.assign(observed, { runs: () => runs })
}

/** What faults have in common that are one: their kind, and the place in src/ that they come from. */
function keyOf(kind: string, message: string): string {
  const place = /\/src\/[^\s):]*/.exec(message)?.[0]
  const [words] = message.split(/[:\n]/)
  return `${kind} ${place ?? ''} ${words}`
}

function named(name: string): Target {
  const target = targets.find(each => each.name === name)
  if (!target) throw new Error(`there is no target ${name}`)
  return target
}
