import { EpdError, type ErrorCode } from '../errors.js'
import { systemReason } from '../files/reasons.js'
import { inTerms } from './advice.js'
import { EXIT } from './exit-codes.js'
import { tellLines } from './output.js'
import { printable } from './printable.js'

/** Says on stderr what went wrong, in a line unless asked for more, and sets the exit code. */
export function fail(error: unknown, verbose: boolean): void {
  const known = error instanceof EpdError
  const message = shortened(known ? inTerms(error) : unexpected(error))
  tellLines(known && error.code === 'interrupted' ? message : prefixed(message))
  if (verbose && error instanceof Error) tellLines(error.stack ?? '')
  process.exitCode = exitCode(known ? error.code : undefined)
}

/** An error that no part of the program has put in words: a failed call of the system has its reason and way out. */
function unexpected(error: unknown): string {
  const reason = systemReason(error)
  if (!(error instanceof Error)) return String(error)
  if ('code' in error && error.code === 'ERR_MODULE_NOT_FOUND')
    return `${error.message}; install it again (npm ci), or let the process open more files (ulimit -n 1024)`
  if (reason === undefined) return error.message
  return 'path' in error && typeof error.path === 'string' ? printable(`${error.path}: ${reason}`) : reason
}

/** Letters of a line, and lines, that a person reads. */
const [LETTERS, LINES] = [4000, 200]

function shortened(message: string): string {
  const lines = message.split('\n')
  const shown = lines.slice(0, LINES).map(line => (line.length > LETTERS ? `${line.slice(0, LETTERS)}...` : line))
  const more = lines.length - shown.length
  return [...shown, ...(more > 0 ? [`and ${more.toLocaleString('en')} more lines like these`] : [])].join('\n')
}

function prefixed(message: string): string {
  const lines = message.split('\n')
  return lines.length === 1 ? `epd-run: ${message}` : message
}

function exitCode(code: ErrorCode | undefined): number {
  if (code === 'interrupted') return EXIT.interrupted
  return code === 'usage' ? EXIT.wrongUsage : EXIT.failed
}
