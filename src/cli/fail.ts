import { EpdError, messageOf, type ErrorCode } from '../errors.js'
import { inTerms } from './advice.js'
import { EXIT } from './exit-codes.js'

/** Says on stderr what went wrong, in a line unless asked for more, and sets the exit code. */
export function fail(error: unknown, verbose: boolean): void {
  const known = error instanceof EpdError
  const message = known ? inTerms(error) : inWords(error)
  const text = known && error.code === 'interrupted' ? message : prefixed(message)
  process.stderr.write(`${text}\n`)
  if (verbose && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`)
  process.exitCode = exitCode(known ? error.code : undefined)
}

/** A failure of the system that no part of the program expects, and what may be done about it. */
function inWords(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const wayOut = WAYS_OUT[code]
  return wayOut === undefined ? messageOf(error) : `${messageOf(error)}; ${wayOut}`
}

const WAYS_OUT: Readonly<Partial<Record<string, string>>> = {
  EMFILE: 'this process may not open more files: raise the limit (ulimit -n 1024) and run again',
  ENFILE: 'this machine may not open more files: close other programs and run again',
  ENOSPC: 'the disk is full: free some space and run again',
  EROFS: 'the disk is read-only: name another place',
  EACCES: 'this user may not use it: name another place, or change its permissions',
  ELOOP: 'its symbolic links lead in a circle: name another place',
  ENOTDIR: 'a file stands where its path needs a folder: name another place',
  ENOMEM: 'there is not enough memory: close other programs and run again'
}

function prefixed(message: string): string {
  const lines = message.split('\n')
  return lines.length === 1 ? `epd-run: ${message}` : message
}

function exitCode(code: ErrorCode | undefined): number {
  if (code === 'interrupted') return EXIT.interrupted
  return code === 'usage' ? EXIT.wrongUsage : EXIT.failed
}
