import { EpdError, type ErrorCode } from '../errors.js'
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
  return known ? new EpdError(known[0], `${file}: ${known[1]}`, { cause: error }) : error
}

const UNWRITABLE = new Set([
  ...['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EEXIST'],
  ...['SQLITE_CANTOPEN', 'SQLITE_READONLY']
])
const FULL = new Set(['ENOSPC', 'EDQUOT', 'SQLITE_FULL'])
const CORRUPT = new Set(['SQLITE_NOTADB', 'SQLITE_CORRUPT'])
const BUSY = new Set(['SQLITE_BUSY', 'SQLITE_LOCKED'])
const BROKEN = new Set(['EIO', 'SQLITE_IOERR'])

function explanation(code: string, error: Error): [ErrorCode, string] | undefined {
  if (FULL.has(code))
    return ['store-unwritable', 'the disk is full; free some space and run again, what is done is kept']
  if (UNWRITABLE.has(code))
    return [
      'store-unwritable',
      `cannot be written, which reading needs too (${error.message}); choose another folder with --store, or copy this one there`
    ]
  if (CORRUPT.has(code))
    return ['store-corrupt', 'is not a readable SQLite database; move it away, or choose another folder with --store']
  if (error instanceof UnreadableRow)
    return [
      'store-corrupt',
      `was changed by another program (${error.message}); move it away, or choose another folder with --store`
    ]
  if (BUSY.has(code)) return ['store-unwritable', 'another program holds the database locked; close it and run again']
  if (BROKEN.has(code))
    return [
      'store-unwritable',
      `the disk failed (${error.message}); free some space or choose another folder with --store`
    ]
  return undefined
}

/** The error's code; of SQLite's extended codes, the part that says what went wrong. */
function codeOf(error: Error): string {
  const code = 'code' in error ? String(error.code) : ''
  return /^SQLITE_[A-Z]+/.exec(code)?.[0] ?? code
}
