import type { Answer } from './request.js'

/** What is on this machine of a file that is being downloaded. */
export interface Kept {
  readonly bytes: number
  /** What the server named the file's content by: a strong ETag, or the time of its last change. */
  readonly validator: string
  readonly total: number
}

/** Where an answer's bytes belong in the file. */
export interface Span {
  readonly from: number
  /** Past the last byte; undefined where the server does not say. */
  readonly to?: number
  /** The whole file's size; undefined where the server does not say. */
  readonly total?: number
}

/** What asks for the rest of a file, or for the whole of it should it have changed. */
export function rangeHeaders({ bytes, validator }: Kept): Readonly<Record<string, string>> {
  return { range: `bytes=${bytes}-`, 'if-range': validator }
}

/** The span of an answer to a request for what follows `kept`, or for a whole file; undefined where it does not fit what was asked. */
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

/** What If-Range may name an answer's content by. */
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
