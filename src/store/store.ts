import { statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { EpdError } from '../errors.js'
import { releaseLost } from '../files/held.js'
import { makeFolder, removeAbandoned, removeAbandonedBelow } from '../files/place.js'
import { meaningOf } from '../files/reasons.js'
import type { Store, WritableStore } from './access.js'
import { guarded } from './failures.js'
import { temporaryFolder } from './objects.js'
import { recordKilled } from './presence.js'
import { reading } from './reading.js'
import { checkVersion, migrate } from './schema.js'
import { keepJournal } from './journal.js'
import { defineSeal } from './seals.js'
import { openDatabase, type Database } from './sqlite.js'
import { openToRead, TIMEOUT } from './unwritable.js'
import { writing } from './writing.js'

export type * from './access.js'
export type { Claim, ClaimHolder } from './claims.js'
export { DamagedObject, type StoredObject } from './objects.js'
export type { QueryResult, QueryRows } from './query.js'
export type * from './records.js'
export type { RunRecords, SealedRow } from './run-records.js'
export type { Sized } from './folders.js'
export type { Unused, UnusedStage } from './unused.js'
export { iterationsIn } from './transfer.js'

const FILE = 'store.sqlite'
/**
 * Opens a store to read it.
 * @throws EpdError `not-found` if there is none, `store-version`, `store-corrupt`, `store-unwritable` where it can only
 * be read by who may write it
 */
export function openStore(dir: string): Store {
  const root = folderAt(dir)
  const file = join(root, FILE)
  const isThere = guarded(root, () => statSync(file, { throwIfNoEntry: false })?.isFile())
  if (!isThere) throw new EpdError('not-found', `${root}: no store there`, { wayOut: 'make-store' })
  return opened(file, openToRead, database => {
    checkVersion(database, file)
    return reading(root, file, database)
  })
}

/**
 * Opens a store to work in it; makes it if it is not there.
 * @throws EpdError `store-version`, `store-corrupt`, `store-unwritable`
 */
export function createStore(dir: string): WritableStore {
  const root = folderAt(dir)
  const file = join(root, FILE)
  releaseLost(root)
  guarded(file, () => {
    makeFolder(root)
  })
  return opened(file, openToWrite, database => {
    migrate(database, file)
    keepJournal(database, root)
    database.pragma('synchronous = FULL')
    database.pragma('foreign_keys = ON')
    for (const folder of [temporaryFolder(root), join(root, 'cache'), join(root, 'cache', 'prompts')])
      removeAbandoned(folder)
    for (const run of recordKilled(database)) removeAbandonedBelow(join(root, 'images', run))
    return writing(root, file, database)
  })
}

/** @throws EpdError `usage` where a file is in its place, `store-unwritable` where one is on the way to it */
function folderAt(dir: string): string {
  const root = resolve(dir)
  guarded(root, () => {
    const wayOut = 'another-folder'
    if (statSync(root, { throwIfNoEntry: false })?.isDirectory() === false)
      throw new EpdError('usage', `${root}: expected a folder, which a store is, found a file`, { wayOut })
    if (isBelowFile(root)) throw new EpdError('store-unwritable', `${root}: ${meaningOf('ENOTDIR')}`, { wayOut })
  })
  return root
}

/** Whether a part of a path is a file. Versions of Node say so by different codes, or not at all. */
function isBelowFile(path: string): boolean {
  const above = dirname(path)
  if (above === path) return false
  const found = statSync(above, { throwIfNoEntry: false })
  return found ? !found.isDirectory() : isBelowFile(above)
}

function openToWrite(file: string): Database {
  return openDatabase(file, { timeout: TIMEOUT })
}

function opened<T>(file: string, open: (file: string) => Database, use: (database: Database) => T): T {
  return guarded(file, () => {
    const database = open(file)
    try {
      defineSeal(database)
      return use(database)
    } catch (error) {
      database.close()
      throw error
    }
  })
}
