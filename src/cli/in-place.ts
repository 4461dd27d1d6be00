import { printSequences } from './output.js'
import type { Size } from './screen.js'
import { widthOf } from './width.js'

/** Lines at the end of a terminal's text, which are written again and again. The cursor stands below them. */
export interface InPlace {
  /** Writes lines in place of those before. */
  readonly draw: (lines: (size: Size) => readonly string[]) => void
  /** Writes something above the lines, which come again with the next call of `draw`. */
  readonly above: (write: () => void) => void
}

type Terminal = Pick<NodeJS.WriteStream, 'columns' | 'rows' | 'hasColors'>

/** Marks at the beginning of a line, with the colours that terminals have for them (ECMA-48, SGR). */
const COLOURS = new Map([
  ['✔', 32],
  ['✖', 31],
  ['■', 33],
  ['❯', 36]
])

/** Lines in place on stdout, which must be live; `printed` prints them there. */
export function inPlace(
  terminal: Terminal = process.stdout,
  printed: (text: string) => void = printSequences
): InPlace {
  let before: readonly string[] = []
  let width = terminal.columns
  const coloured = terminal.hasColors()

  /** Erases the lines, which take more rows where the terminal has become narrower; the cursor is then on the first. */
  const erased = () => {
    const rows = before.reduce((sum, line) => sum + Math.max(Math.ceil(widthOf(line) / terminal.columns), 1), 0)
    return rows > 0 ? eraseAbove(Math.min(rows, Math.max(terminal.rows - 1, 1))) : ''
  }

  return {
    draw(linesFor) {
      const lines = linesFor(terminal)
      const isSame = lines.length === before.length && lines.every((line, i) => line === before[i])
      if (isSame && width === terminal.columns) return
      printed(erased() + lines.map(line => `${coloured ? withColour(line) : line}\n`).join(''))
      before = lines
      width = terminal.columns
    },
    above(write) {
      printed(erased())
      before = []
      write()
    }
  }
}

/**
 * Erases so many rows above the cursor, and that of the cursor, one by one (ECMA-48: CUU, EL). What erases the screen
 * from its first row on would have tmux and others keep a copy of it above.
 */
function eraseAbove(rows: number): string {
  const up = `\u001b[${rows}A\r`
  return `${up}\u001b[K${'\n\u001b[K'.repeat(rows)}${up}`
}

function withColour(line: string): string {
  const [mark = ''] = line
  const colour = COLOURS.get(mark)
  return colour === undefined ? line : `\u001b[${colour}m${mark}\u001b[39m${line.slice(mark.length)}`
}
