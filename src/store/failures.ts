import { EpdError, type ErrorCode, type WayOut } from '../errors.js'
import { meaningOf } from '../files/reasons.js'
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

/** What failures of disk and database come to: the words for the system's codes are those of every other file. */
const EXPLANATIONS: readonly (readonly [codes: readonly string[], (message: string, code: string) => Explanation])[] = [
  [
    ['ENOSPC', 'EDQUOT', 'SQLITE_FULL'],
    (_, code) => unwritable(`${words(code)}; free some space and run again, what is done is kept`)
  ],
  [['EACCES', 'EPERM', 'EROFS'], (message, code) => unwritable(`${words(code)} (${message})`, 'writable-store')],
  [['SQLITE_READONLY'], message => unwritable(`cannot be written (${message})`, 'writable-store')],
  [['SQLITE_CANTOPEN', 'ENOENT', 'EEXIST'], message => unwritable(`cannot be opened (${message})`, 'writable-store')],
  [['ENOTDIR', 'ELOOP', 'ENAMETOOLONG'], (_, code) => unwritable(words(code), 'another-folder')],
  [['EMFILE'], (_, code) => unwritable(`${words(code)} (ulimit -n)`, 'raise-limit')],
  [['ENFILE'], (_, code) => unwritable(`${words(code)}; end other programs and run again`)],
  [['EFBIG'], (_, code) => unwritable(`a file cannot be written: ${words(code)} (ulimit -f)`, 'raise-limit')],
  [['SQLITE_NOTADB', 'SQLITE_CORRUPT'], () => corrupt('is not a readable SQLite database')],
  [['SQLITE_ERROR'], message => corrupt(`lacks what a store holds (${message})`)],
  [
    ['SQLITE_BUSY', 'SQLITE_LOCKED'],
    () => unwritable('another program holds the database locked; close it and run again')
  ],
  [['EIO', 'SQLITE_IOERR'], (message, code) => unwritable(`${words(code)} (${message})`, 'more-space')]
]

/** SQLite's names for what the system has codes for. */
const SAME: Readonly<Partial<Record<string, string>>> = { SQLITE_FULL: 'ENOSPC', SQLITE_IOERR: 'EIO' }

function words(code: string): string {
  return meaningOf(SAME[code] ?? code)
}

interface Explanation {
  readonly code: ErrorCode
  readonly what: string
  readonly wayOut?: WayOut
}

function explanation(code: string, error: Error): Explanation | undefined {
  const { message } = error
  if (error instanceof UnreadableRow) return corrupt(`was changed by another program (${message})`)
  return EXPLANATIONS.find(([codes]) => codes.includes(code))?.[1](message, code)
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
