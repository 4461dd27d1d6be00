import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import opentype, { type Font } from 'opentype.js'
import { coverageOf, type Coverage } from './coverage.js'

/** How a text looks. */
export interface Lettering {
  /** Pixels of the font's em. */
  readonly size: number
  readonly bold?: boolean
}

const require = createRequire(import.meta.url)

/**
 * The font comes as a package, so that no machine needs one and every machine draws the same pixels. It is B612, made
 * to be read when it is small.
 */
const FILES = {
  regular: '@fontsource/b612/files/b612-latin-400-normal.woff',
  bold: '@fontsource/b612/files/b612-latin-700-normal.woff'
} as const

const fonts = new Map<string, Font>()

function fontOf({ bold = false }: Lettering): Font {
  const file = bold ? FILES.bold : FILES.regular
  const font = fonts.get(file) ?? opentype.parse(new Uint8Array(readFileSync(require.resolve(file))).buffer)
  fonts.set(file, font)
  return font
}

/** What stands for a letter that the font does not have. */
const UNKNOWN = '?'

/** A text in letters of the font alone. */
function inFont(text: string, font: Font): string {
  return Array.from(text, letter => (font.charToGlyphIndex(letter) === 0 ? UNKNOWN : letter)).join('')
}

/** The width of a line of text, in pixels. */
export function textWidth(text: string, lettering: Lettering): number {
  const font = fontOf(lettering)
  return font.getAdvanceWidth(inFont(text, font), lettering.size)
}

/** What a line of text covers that begins at x, and whose letters stand on y. */
export function textCoverage(text: string, x: number, y: number, lettering: Lettering): Coverage {
  const font = fontOf(lettering)
  return coverageOf(font.getPath(inFont(text, font), x, y, lettering.size).commands)
}

/** A text in lines of no more than a width, broken behind spaces, and behind @ and commas, as in names of stages. */
export function wrapText(text: string, width: number, lettering: Lettering): string[] {
  const lines: string[] = []
  for (const word of text.split(/(?<=[ ,@])/)) {
    const line = `${lines.at(-1) ?? ''}${word}`
    if (lines.length > 0 && textWidth(line.trimEnd(), lettering) <= width) lines[lines.length - 1] = line
    else lines.push(word)
  }
  return lines.map(line => shortened(line.trimEnd(), width, lettering))
}

/** A text that is too wide without its middle. */
export function shortened(text: string, width: number, lettering: Lettering): string {
  if (textWidth(text, lettering) <= width) return text
  const letters = Array.from(text)
  for (let kept = letters.length - 1; kept > 1; kept--) {
    const half = Math.ceil(kept / 2)
    const shorter = `${letters.slice(0, half).join('')}…${letters.slice(letters.length - (kept - half)).join('')}`
    if (textWidth(shorter, lettering) <= width) return shorter
  }
  return '…'
}
