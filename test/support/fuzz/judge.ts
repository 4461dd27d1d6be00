import { EpdError } from '../../../src/errors.js'
import type { Target } from './target.js'

/** Words of JavaScript's own about a fault in a program. They tell nobody what is wrong with a file. */
const ENGINE =
  /Cannot (?:read|set) propert|Cannot convert|is not (?:a function|iterable|a constructor|defined)|Cannot destructure|call stack|Invalid (?:array|typed array|string|array buffer) length|allocation failed|circular structure|Cannot mix BigInt|\[object Object\]|Invalid regular expression/

/** What is wrong with how a reader failed; undefined where it refused the input as it should. */
export function faultOf(error: unknown, { refuses }: Target): string | undefined {
  if (!(error instanceof Error)) return `it threw ${String(error)}`
  if (!(error instanceof EpdError) && !refuses?.(error)) return `it threw ${error.stack ?? error.message}`
  const words = ENGINE.exec(error.message)?.[0]
  if (words === undefined || isOfSqlite(error.cause)) return undefined
  const origin = error.cause instanceof Error ? error.cause : error
  return `its error does not say what is wrong (${words}): ${error.message.slice(0, 300)}\n${origin.stack ?? ''}`
}

/** Whether SQLite has said it, which knows functions of its own. */
function isOfSqlite(cause: unknown): boolean {
  return cause instanceof Error && cause.name === 'SqliteError'
}

/** What is wrong with the prototypes that all objects share, if something was put into one. */
export function pollution(): string | undefined {
  const strange = PROTOTYPES.find(([prototype, keys]) => Reflect.ownKeys(prototype).length !== keys)
  return strange && `a prototype has the keys ${Reflect.ownKeys(strange[0]).map(String).join(', ')}`
}

const PROTOTYPES = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Map.prototype].map(
  prototype => [prototype, Reflect.ownKeys(prototype).length] as const
)
