import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, join } from 'node:path'
import { EpdError } from '../errors.js'
import type { Executor, Standing } from '../executors/executor.js'
import { readNote, writeNote } from '../files/sealed.js'
import { diagnose, type Diagnosis } from '../pipeline/doctor.js'
import { packageVersion } from '../pipeline/version.js'
import { child } from '../reading/plain.js'
import { tailOf } from './collect.js'
import { ordersFolder } from '../store/folders.js'
import { storeOf } from './order.js'
import { lookAfresh } from './records.js'

/** What a worker says of the machine that it runs on. */
export interface ProbeAnswer {
  readonly host: string
  /** The versions of Node and of this program. */
  readonly node: string
  readonly version: string
  /** Every engine and provider, and whether it works there. */
  readonly engines: readonly Diagnosis[]
}

/** The file of an answer stands where a worker leaves records, which shows that it can write there. */
function answerFile(root: string, probe: string): string {
  return join(root, 'results', `${probe}.answer.json`)
}

/** Whether a work order only asks the worker what its machine is like. */
export async function isProbe(file: string): Promise<boolean> {
  const note = await readNote(file)
  return note.state === 'whole' && typeof child(note.content, 'probe') === 'string'
}

/** Says what this machine is like. */
export async function answerProbe(file: string): Promise<void> {
  const engines: Diagnosis[] = []
  for await (const one of diagnose(undefined, NOWHERE)) engines.push(one)
  const answer: ProbeAnswer = { host: hostname(), node: process.version, version: packageVersion(), engines }
  await writeNote(answerFile(storeOf(file), basename(file, '.json')), answer)
}

/** No model is opened, so that no file is looked for. */
const NOWHERE = { at: (location: string) => location, cwd: '.', cacheDir: '.' }

export interface ProbeOptions {
  /** The folder of the store, which the workers see too. */
  readonly root: string
  readonly executor: Executor
  readonly interval: number
  readonly signal: AbortSignal
  /** Told of how the probe stands whenever that changes. */
  readonly onStanding: (standing: Standing) => void
}

/**
 * Asks for a worker that says what its machine is like.
 * @throws EpdError `worker-failed` where it ends without a word
 */
export async function probe({ root, executor, interval, signal, onStanding }: ProbeOptions): Promise<ProbeAnswer> {
  const name = `probe-${randomUUID()}`
  const file = join(ordersFolder(root), `${name}.json`)
  const answer = answerFile(root, name)
  await writeNote(file, { probe: name })
  const jobs = executor.name([{ first: 0, last: 0 }])
  const [job] = jobs
  let before: Standing | undefined
  try {
    await executor.submit(file, jobs, 0)
    for (;;) {
      signal.throwIfAborted()
      const standing = (await executor.standings(jobs)).get(job.id) ?? 'gone'
      if (standing !== before) onStanding(standing)
      if (standing === 'gone') lookAfresh(join(root, 'results'))
      const note = await readNote(answer)
      if (note.state === 'whole' && isAnswer(note.content)) return note.content
      if (standing === 'gone' && before === 'gone') throw unanswered(executor.log(job))
      before = standing
      await executor.pause(interval, signal)
    }
  } catch (error) {
    await executor.cancel(jobs)
    throw error
  } finally {
    for (const path of [file, answer]) rmSync(path, { force: true })
  }
}

function unanswered(log: string): EpdError {
  const said = tailOf(log)
  const ending = said === undefined ? `there is nothing in its log, ${log}` : `its log ${log} ends with:\n${said}\n`
  return new EpdError('worker-failed', `the worker ended without an answer; ${ending}`, { quoted: said })
}

function isAnswer(value: unknown): value is ProbeAnswer {
  const texts = ['host', 'node', 'version'].map(key => child(value, key))
  return texts.every(text => typeof text === 'string') && Array.isArray(child(value, 'engines'))
}
