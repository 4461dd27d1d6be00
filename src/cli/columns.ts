import { printable } from './printable.js'
import { lineWidth } from './terminal.js'

/** Rows as aligned columns, cut to a width; numbers to the right. */
export function inColumns(
  titles: readonly string[],
  rows: readonly (readonly unknown[])[],
  width = lineWidth()
): string {
  const { head, line } = columnsOf(titles, rows, width)
  return [head.trimEnd(), ...rows.map(line)].join('\n')
}

/** A column for people is padded to no more than this, so that one long cell does not take the others' place. */
const WIDEST = 100

/** Titles above a rule, and what makes a line of any row, with the widths that some rows need. */
export function columnsOf(
  titles: readonly string[],
  rows: readonly (readonly unknown[])[],
  width = lineWidth()
): { readonly head: string; readonly line: (row: readonly unknown[]) => string } {
  const cells = rows.map(row => row.map(format))
  const most = Math.min(width, WIDEST)
  const names = titles.map(printable)
  const widths = names.map((title, i) =>
    Math.min(
      cells.reduce((widest, row) => Math.max(widest, row[i].length), title.length),
      most
    )
  )
  const numeric = titles.map((_, i) => rows.length > 0 && rows.every(row => isNumber(row[i])))
  const pad = (text: string, i: number) => {
    const space = ' '.repeat(Math.max(widths[i] - text.length, 0))
    return numeric[i] ? space + text : text + space
  }
  const aligned = (row: readonly string[]) => cut(row.map(pad).join('  ').trimEnd(), width)
  return {
    head: `${aligned(names)}\n${aligned(widths.map(size => '─'.repeat(size)))}\n`,
    line: row => aligned(row.map(format))
  }
}

function isNumber(value: unknown): boolean {
  return value === null || value === 'NULL' || typeof value === 'number' || typeof value === 'bigint'
}

function cut(text: string, width: number): string {
  if (text.length <= width) return text
  return `${text.slice(0, width - 1)}…`
}

function format(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(5)))
  return printable(typeof value === 'string' ? value.replaceAll('\n', ' ') : JSON.stringify(value))
}
