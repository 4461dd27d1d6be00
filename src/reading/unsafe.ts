/**
 * Characters that move a cursor, switch a terminal's modes, turn the direction of a text around, or end a line for some
 * programs: the controls C0, DEL and C1, the overrides and isolates of Unicode's bidirectional algorithm, its marks of
 * direction, and the separators of lines and paragraphs.
 */
export const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** Halves of a pair that stand alone, which no UTF-8 has. */
export const ALONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

/** A UTF-16 unit as JSON writes it, `\u001b`. */
export function unicode(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
