import { randomUUID } from 'node:crypto'
import { EpdError } from '../errors.js'
import { readTextBeside } from './beside.js'
import { isRecord } from './tensor.js'
import { expectShallow } from '../reading/json.js'

/** Python's json module writes these, though JSON has no such numbers. */
const CONSTANTS: Readonly<Record<string, number>> = { NaN, Infinity, '-Infinity': -Infinity }
/** A text of JSON, which may end with the file, or one of those constants outside of texts. */
const TEXT_OR_CONSTANT = /"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?$)|-?\bInfinity\b|\bNaN\b/gs

/**
 * JSON as other programs write it: Python's NaN, Infinity and -Infinity are numbers, and a byte order mark is skipped.
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  const plain = text.replace(/^\uFEFF/, '')
  expectShallow(plain)
  const marks = new Map<unknown, number>()
  const marked = plain.replace(TEXT_OR_CONSTANT, found => {
    if (found.startsWith('"')) return found
    const mark = randomUUID()
    marks.set(mark, CONSTANTS[found])
    return JSON.stringify(mark)
  })
  if (marks.size === 0) return JSON.parse(plain)
  return JSON.parse(marked, (_, value: unknown) => marks.get(value) ?? value)
}

/** The JSON object in a file; undefined where there is no such file. @throws EpdError `checkpoint-invalid` */
export async function readJson(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const text = await readTextBeside(path)
  if (text === undefined) return undefined
  const invalid = (reason: string, cause?: unknown) =>
    new EpdError('checkpoint-invalid', `${path}: is not a JSON object (${reason})`, { cause })
  let value: unknown
  try {
    value = parseJson(text)
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error), error)
  }
  if (isRecord(value)) return value
  throw invalid(`it holds ${shortened(JSON.stringify(value))}`)
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
