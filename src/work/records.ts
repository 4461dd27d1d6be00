import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { link, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder } from '../files/place.js'
import { readNote, readNoteSync, writeNote, type Sealed } from '../files/sealed.js'
import { child, isMapping } from '../reading/plain.js'
import type { StageCost } from '../stages/stage.js'
import type { StoreContents } from '../store/store.js'

/** What a worker has made of a shard, of a stage as a whole, or of a stage that it has not finished. */
export interface WorkRecord {
  readonly key: string
  readonly contents: StoreContents
  /** How many seeds the shard has. */
  readonly seeds?: number
  /** What the shard or the stage has cost; absent while it is not finished. */
  readonly cost?: StageCost
  /** The seconds for which it was computed, all workers together that were at it. */
  readonly seconds: number
  /** The machine that did it. */
  readonly host: string
}

/** What a record is of: the shard at a position, the whole stage, or a stage as far as it has come. */
export type RecordName = number | 'stage' | 'begun'

/** The folder of what workers have made of a stage. */
export function recordsFolder(root: string, key: string): string {
  return join(root, 'results', key)
}

function recordFile(folder: string, name: RecordName): string {
  return join(folder, `${name}.json`)
}

/**
 * Writes a record, unless there is one: whoever comes first wins, so that all see the same where bits may differ. A
 * stage that has come further replaces its record.
 */
export async function writeRecord(folder: string, name: RecordName, record: WorkRecord): Promise<void> {
  makeFolder(folder)
  const file = recordFile(folder, name)
  if (name === 'begun') {
    await writeNote(file, record)
    return
  }
  // Its digest is over its name too, so that it stands in a folder of its own until it is linked.
  const own = join(folder, `tmp-${randomUUID()}`)
  const temporary = recordFile(own, name)
  try {
    await writeNote(temporary, record)
    await link(temporary, file)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    await rm(own, { recursive: true, force: true })
  }
}

/** A record; `damaged` where it is not what was written. */
export async function readRecord(folder: string, name: RecordName): Promise<WorkRecord | 'missing' | 'damaged'> {
  return recordOf(await readNote(recordFile(folder, name)))
}

/** As `readRecord`, without giving the thread away. */
export function readRecordSync(folder: string, name: RecordName): WorkRecord | 'missing' | 'damaged' {
  return recordOf(readNoteSync(recordFile(folder, name)))
}

function recordOf(note: Sealed<unknown>): WorkRecord | 'missing' | 'damaged' {
  if (note.state !== 'whole') return note.state
  return isRecord(note.content) ? note.content : 'damaged'
}

/** Moves a record aside that is of no use, so that another can take its place. */
export async function setAside(folder: string, name: RecordName): Promise<void> {
  const file = recordFile(folder, name)
  await rename(file, `${file}.bad`)
}

/** The name of a shard's record. */
const RECORD = /^\d+\.json$/

/** The positions of the shards that there are records of, the lowest first, as they are entered best. */
export function recorded(folder: string): number[] {
  const positions = names(folder).flatMap(name => (RECORD.test(name) ? [Number.parseInt(name, 10)] : []))
  return positions.sort((a, b) => a - b)
}

/** Removes the records of a stage, which the store has taken over. */
export function removeRecords(folder: string): void {
  // This takes half the time of rmSync for records alone, which looks at each before it removes it.
  for (const name of names(folder)) if (RECORD.test(name)) unlinkSync(join(folder, name))
  rmSync(folder, { recursive: true, force: true })
}

/**
 * Has a folder on a network file system looked at again that this machine remembers: whoever changes a folder is told
 * what is in it.
 */
export function lookAfresh(folder: string): void {
  if (!existsSync(folder)) return
  const file = join(folder, `look-${randomUUID()}`)
  writeFileSync(file, '')
  rmSync(file, { force: true })
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

function isRecord(value: unknown): value is WorkRecord {
  const cost = child(value, 'cost')
  return (
    typeof child(value, 'key') === 'string' &&
    typeof child(value, 'seconds') === 'number' &&
    typeof child(value, 'host') === 'string' &&
    isMapping(child(value, 'contents')) &&
    (cost === undefined || typeof child(cost, 'evaluations') === 'number')
  )
}
