import { rmSync } from 'node:fs'
import { readNote, writeNote } from '../files/sealed.js'
import { child } from '../reading/plain.js'
import type { Job } from '../executors/executor.js'
import { orderFile } from './order.js'

/** What was asked for of a stage, so that another sitting of the run finds the workers that still are at it. */
export interface Asked {
  readonly executor: string
  readonly jobs: readonly Job[]
  /** How often each shard was given out, by its position. */
  readonly tries: Readonly<Record<string, number>>
}

function jobsFile(root: string, key: string): string {
  return orderFile(root, key).replace(/\.json$/, '.jobs.json')
}

export async function writeAsked(root: string, key: string, asked: Asked): Promise<void> {
  await writeNote(jobsFile(root, key), asked)
}

/** What an earlier sitting asked this executor for; nothing where there was none, or its note is damaged. */
export async function readAsked(root: string, key: string, executor: string): Promise<Asked> {
  const note = await readNote(jobsFile(root, key))
  const found: unknown = note.state === 'whole' ? note.content : undefined
  return isAsked(found) && found.executor === executor ? found : { executor, jobs: [], tries: {} }
}

export function removeAsked(root: string, key: string): void {
  rmSync(jobsFile(root, key), { force: true })
}

function isAsked(value: unknown): value is Asked {
  const jobs = child(value, 'jobs')
  const isJob = (job: unknown) =>
    typeof child(job, 'id') === 'string' &&
    typeof child(job, 'first') === 'number' &&
    typeof child(job, 'last') === 'number'
  return typeof child(value, 'executor') === 'string' && Array.isArray(jobs) && jobs.every(isJob)
}
