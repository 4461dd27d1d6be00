import { EpdError, type ErrorCode, type WayOut } from '../errors.js'
import { UnreadableRow } from './rows.js'

/** Runs work on a store's file, and says plainly what a failure of disk or database means and what to do about it. */
export function guarded<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw explained(file, error)
  }
}

export async function guardedAsync<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw explained(file, error)
  }
}

function explained(file: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof EpdError) return error
  const known = explanation(codeOf(error), error)
  return known ? new EpdError(known.code, `${file}: ${known.what}`, { wayOut: known.wayOut, cause: error }) : error
}

const UNWRITABLE = new Set([
  ...['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EEXIST'],
  ...['SQLITE_CANTOPEN', 'SQLITE_READONLY']
])
const FULL = new Set(['ENOSPC', 'EDQUOT', 'SQLITE_FULL'])
const CORRUPT = new Set(['SQLITE_NOTADB', 'SQLITE_CORRUPT'])
const BUSY = new Set(['SQLITE_BUSY', 'SQLITE_LOCKED'])
const BROKEN = new Set(['EIO', 'SQLITE_IOERR'])

interface Explanation {
  readonly code: ErrorCode
  readonly what: string
  readonly wayOut?: WayOut
}

function explanation(code: string, error: Error): Explanation | undefined {
  const { message } = error
  if (FULL.has(code)) return unwritable('the disk is full; free some space and run again, what is done is kept')
  if (UNWRITABLE.has(code))
    return unwritable(`cannot be written, which reading needs too (${message})`, 'writable-store')
  if (CORRUPT.has(code)) return corrupt('is not a readable SQLite database')
  if (error instanceof UnreadableRow) return corrupt(`was changed by another program (${message})`)
  if (BUSY.has(code)) return unwritable('another program holds the database locked; close it and run again')
  return BROKEN.has(code) ? unwritable(`the disk failed (${message})`, 'more-space') : undefined
}

function unwritable(what: string, wayOut?: WayOut): Explanation {
  return { code: 'store-unwritable', what, wayOut }
}

function corrupt(what: string): Explanation {
  return { code: 'store-corrupt', what, wayOut: 'replace-store' }
}

/** The error's code; of SQLite's extended codes, the part that says what went wrong. */
function codeOf(error: Error): string {
  const code = 'code' in error ? String(error.code) : ''
  return /^SQLITE_[A-Z]+/.exec(code)?.[0] ?? code
}
