/** Characters that take no column: marks on the letter before, joiners and variation selectors. */
const NONE = /\p{M}|[\u200b-\u200d\ufe00-\ufe0f]/u

/**
 * Columns that a text takes on a terminal. What stands behind Latin, Greek, Cyrillic and the symbols of this program is
 * counted as two where a terminal may take two: a line is then rather too short than too long.
 */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += columnsOf(character)
  return width
}

function columnsOf(character: string): number {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x300) return 1
  if (NONE.test(character)) return 0
  const isWide = code >= 0x1100 && !(code >= 0x1e00 && code < 0x2600) && !(code >= 0x2700 && code < 0x2e80)
  return isWide ? 2 : 1
}

/** A text that takes no more columns than these, with an ellipsis where its end is left out. */
export function cutTo(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text
  if (columns < 1) return ''
  let [kept, width] = ['', 0]
  for (const character of text) {
    width += columnsOf(character)
    if (width > columns - 1) break
    kept += character
  }
  return `${kept.trimEnd()}…`
}

/** Words in lines of no more than these columns; a word that is longer is cut. Lines after the first are indented. */
export function wrapped(text: string, columns: number, indent = ''): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line.trim() !== '' && widthOf(longer) > columns) {
      lines.push(line)
      line = cutTo(`${indent}${word}`, columns)
    } else line = cutTo(longer, columns)
  }
  return [...lines, line]
}
