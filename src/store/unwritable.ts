import { readFileSync, statSync } from 'node:fs'
import { EpdError } from '../errors.js'
import { openDatabase, type Database } from './sqlite.js'

/** How long to wait for another process's transaction, in milliseconds. */
export const TIMEOUT = 10_000

/**
 * Opens a database to read it, also where its folder cannot be written: on a read-only disk, or in another user's
 * store.
 * @throws EpdError `store-unwritable` where it has changes beside it that can only be read by who may write
 */
export function openToRead(file: string): Database {
  let database: Database | undefined
  try {
    database = openDatabase(file, { readonly: true, timeout: TIMEOUT })
    // The log of changes, which other processes share, is opened by the first statement.
    database.prepare('SELECT 1 FROM sqlite_schema').get()
    return database
  } catch (error) {
    database?.close()
    if (!isUnwritable(error)) throw error
    return readWhole(file)
  }
}

function isUnwritable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^SQLITE_(READONLY|CANTOPEN)/.test(String(error.code))
}

/** The places of a database's first page that say whether changes stand in a log beside it; 1: they do not. */
const LOGGED = [18, 19]

/** A copy in memory, for SQLite cannot read a database with a log where it cannot share that with others. */
function readWhole(file: string): Database {
  const before = stateOf(file)
  const bytes = readFileSync(file)
  if (stateOf(file) !== before) throw unread(file, 'is being written by another process, and cannot be written here')
  for (const place of LOGGED) bytes[place] = 1
  return openDatabase(bytes)
}

/** What is another once the database has changed. */
function stateOf(file: string): string {
  const log = statSync(`${file}-wal`, { throwIfNoEntry: false })
  if (log && log.size > 0)
    throw unread(file, 'was not closed, so that changes are left in store.sqlite-wal, and cannot be written here')
  const { mtimeNs, size, ino } = statSync(file, { bigint: true })
  return `${mtimeNs} ${size} ${ino}`
}

function unread(file: string, what: string): EpdError {
  return new EpdError('store-unwritable', `${file}: ${what}`, { wayOut: 'writable-copy' })
}
