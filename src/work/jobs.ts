import { rmSync } from 'node:fs'
import { readNote, writeNote } from '../files/sealed.js'
import { child } from '../reading/plain.js'
import type { Job } from '../executors/executor.js'
import { orderFile } from './order.js'

/** Which workers were asked for, so that another sitting of the run finds those that still are at it. */
export interface NotedJobs {
  readonly executor: string
  /** The stage's name in the run that asked for them. */
  readonly stage: string
  readonly jobs: readonly Job[]
  /** The number of its shards; absent where it is computed whole. */
  readonly total?: number
  /** How many workers were lost, and which one last. */
  readonly lost: number
  readonly lastLost?: Job
}

function jobsFile(root: string, key: string): string {
  return orderFile(root, key).replace(/\.json$/, '.jobs.json')
}

export async function writeJobs(root: string, key: string, noted: NotedJobs): Promise<void> {
  await writeNote(jobsFile(root, key), noted)
}

/** What was asked for of a stage; undefined where nothing was, or the note is damaged. */
export async function notedJobs(root: string, key: string): Promise<NotedJobs | undefined> {
  const note = await readNote(jobsFile(root, key))
  return note.state === 'whole' && isNoted(note.content) ? note.content : undefined
}

/** The jobs that an earlier sitting asked this executor for. */
export async function readJobs(root: string, key: string, executor: string): Promise<readonly Job[]> {
  const noted = await notedJobs(root, key)
  return noted?.executor === executor ? noted.jobs : []
}

export function removeJobs(root: string, key: string): void {
  rmSync(jobsFile(root, key), { force: true })
}

function isNoted(value: unknown): value is NotedJobs {
  const jobs = child(value, 'jobs')
  const isJob = (job: unknown) =>
    typeof child(job, 'id') === 'string' &&
    typeof child(job, 'first') === 'number' &&
    typeof child(job, 'last') === 'number'
  const texts = [child(value, 'executor'), child(value, 'stage')]
  return texts.every(text => typeof text === 'string') && Array.isArray(jobs) && jobs.every(isJob)
}
