/**
 * Characters that move a cursor, switch a terminal's modes, turn the direction of a text around, or end a line for some
 * programs: the controls C0, DEL and C1, the overrides and isolates of Unicode's bidirectional algorithm, its marks of
 * direction, and the separators of lines and paragraphs.
 */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g // eslint-disable-line no-control-regex

/** Halves of a pair that stand alone, which no UTF-8 has. */
const ALONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

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

function unicode(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/**
 * JSON that a terminal does not obey either, and that means the same: what is unsafe stands within its texts alone,
 * where it is escaped. Line feeds between the parts of an indented one stay.
 */
export function printableJson(json: string): string {
  return json.replace(UNSAFE, found => (found === '\n' ? found : unicode(found)))
}
