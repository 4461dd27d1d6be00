import { EpdError } from '../errors.js'

const FAILED = 1
const WRONG_USAGE = 2
/** 128 + SIGINT, as shells count. */
const INTERRUPTED = 130

/** Says on stderr what went wrong, in a line unless asked for more, and sets the exit code. */
export function fail(error: unknown, verbose: boolean): void {
  const known = error instanceof EpdError
  const message = error instanceof Error ? error.message : String(error)
  const text = known && error.code === 'interrupted' ? message : prefixed(message)
  process.stderr.write(`${text}\n`)
  if (verbose && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`)
  process.exitCode = exitCode(known ? error.code : undefined)
}

function prefixed(message: string): string {
  const lines = message.split('\n')
  return lines.length === 1 ? `epd-run: ${message}` : message
}

function exitCode(code: EpdError['code'] | undefined): number {
  if (code === 'interrupted') return INTERRUPTED
  return code === 'usage' ? WRONG_USAGE : FAILED
}
