import type { Answer } from './request.js'

/** The part of a file that earlier downloads have left on this machine. */
export interface Kept {
  readonly bytes: number
  /** The server's name for the file's content: a strong ETag, or the time of its last change. */
  readonly validator: string
  readonly total: number
}

/** The place of an answer's bytes in the file. */
export interface Span {
  readonly from: number
  /** The place behind the last byte; undefined where the server does not announce it. */
  readonly to?: number
  /** The size of the whole file; undefined where the server does not announce it. */
  readonly total?: number
}

/** The headers that ask for the rest of a file, or for the whole of it should it have changed. */
export function rangeHeaders({ bytes, validator }: Kept): Readonly<Record<string, string>> {
  return { range: `bytes=${bytes}-`, 'if-range': validator }
}

/**
 * The span of an answer to a request for what follows `kept`, or for a whole file; undefined where it does not fit what
 * was asked.
 */
export function spanOf(answer: Answer, kept: Kept | undefined): Span | undefined {
  const length = wholeNumber(answer.header('content-length'))
  if (answer.status !== 206) {
    const to = answer.header('content-encoding') === undefined ? length : undefined
    return { from: 0, to, total: to }
  }
  const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(answer.header('content-range')?.trim() ?? '')
  if (!range || answer.header('content-encoding') !== undefined) return undefined
  const [from, to, total] = [Number(range[1]), Number(range[2]) + 1, Number(range[3])]
  const fits = from < to && to <= total && from <= (kept?.bytes ?? 0) && (length === undefined || length === to - from)
  const changed = kept !== undefined && (total !== kept.total || !isOf(answer, kept.validator))
  return fits && !changed ? { from, to, total } : undefined
}

/** Whether an answer is of the content that a validator names, as far as it says. */
function isOf(answer: Answer, validator: string): boolean {
  const its = answer.header(validator.startsWith('"') ? 'etag' : 'last-modified')
  return its === undefined || its === validator
}

/** A time is no sure name of a content that may have changed again within the same second. */
const SETTLED = 60_000

/** The name by which If-Range may refer to an answer's content. */
export function validatorOf(answer: Answer): string | undefined {
  const etag = answer.header('etag')
  if (etag?.startsWith('"')) return etag
  const changed = answer.header('last-modified')
  const age = Date.parse(answer.header('date') ?? '') - Date.parse(changed ?? '')
  return etag === undefined && age >= SETTLED ? changed : undefined
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}
