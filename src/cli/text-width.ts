/** Letters that take two places of a terminal, and those that take none. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u
const NONE = /\p{Mn}|\p{Me}|\u200b|\u200c|\u200d/u

/** The places of a terminal's line that a text takes: two for letters of East Asia, none for marks upon others. */
export function textWidth(text: string): number {
  // Most texts are ASCII alone.
  if (/^[ -~]*$/.test(text)) return text.length
  return Array.from(text).reduce((sum, letter) => sum + letterWidth(letter), 0)
}

function letterWidth(letter: string): number {
  if (NONE.test(letter)) return 0
  return WIDE.test(letter) ? 2 : 1
}

/** A text in lines of a width, broken between words where that can be, else within them. No letter is lost. */
export function wrapped(text: string, width: number): string[] {
  if (textWidth(text) <= width) return [text]
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/(?<=[ ,/])/))
    for (const piece of pieces(word, width)) {
      if (line !== '' && textWidth(`${line}${piece}`.trimEnd()) > width) {
        lines.push(line.trimEnd())
        line = ''
      }
      line += piece
    }
  return [...lines, line.trimEnd()]
}

/** A word in parts that fit into a line; whole if it does. */
function pieces(word: string, width: number): string[] {
  if (textWidth(word.trimEnd()) <= width) return [word]
  const found = ['']
  for (const letter of word) {
    const last = found[found.length - 1]
    if (last !== '' && textWidth(last + letter) > width) found.push(letter)
    else found[found.length - 1] = last + letter
  }
  return found
}

/** A text with blanks behind it, or before it where it stands to the right, up to a width. */
export function padded(text: string, width: number, right = false): string {
  const space = ' '.repeat(Math.max(width - textWidth(text), 0))
  return right ? space + text : text + space
}
