import { EpdError, type ErrorCode } from '../errors.js'
import { inTerms } from './advice.js'
import { EXIT } from './exit-codes.js'

/** Says on stderr what went wrong, in a line unless asked for more, and sets the exit code. */
export function fail(error: unknown, verbose: boolean): void {
  const known = error instanceof EpdError
  const message = known ? inTerms(error) : error instanceof Error ? error.message : String(error)
  const text = known && error.code === 'interrupted' ? message : prefixed(message)
  process.stderr.write(`${text}\n`)
  if (verbose && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`)
  process.exitCode = exitCode(known ? error.code : undefined)
}

function prefixed(message: string): string {
  const lines = message.split('\n')
  return lines.length === 1 ? `epd-run: ${message}` : message
}

function exitCode(code: ErrorCode | undefined): number {
  if (code === 'interrupted') return EXIT.interrupted
  return code === 'usage' ? EXIT.wrongUsage : EXIT.failed
}
