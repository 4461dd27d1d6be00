import { ALONE, UNSAFE, unicode } from '../reading/unsafe.js'

/**
 * A text that a terminal shows and does not obey, whoever wrote it: each unsafe character is written as in JSON,
 * `\u001b`. It has one line.
 */
export function printable(text: string): string {
  return text.replace(UNSAFE, escaped).replace(ALONE, escaped)
}

/** As `printable`, of a text whose own line feeds stay. */
export function printableLines(text: string): string {
  return text.replace(UNSAFE, found => (found === '\n' ? found : escaped(found))).replace(ALONE, escaped)
}

const SHORT: Readonly<Partial<Record<string, string>>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function escaped(character: string): string {
  return SHORT[character] ?? unicode(character)
}

/**
 * JSON that a terminal does not obey either, and that means the same: what is unsafe stands within its texts alone,
 * where it is escaped. Line feeds between the parts of an indented one stay.
 */
export function printableJson(json: string): string {
  return json.replace(UNSAFE, found => (found === '\n' ? found : unicode(found)))
}
