import { lineWidth } from './terminal.js'

/** Rows as aligned columns, cut to a width; numbers to the right. */
export function inColumns(
  titles: readonly string[],
  rows: readonly (readonly unknown[])[],
  width = lineWidth()
): string {
  const cells = rows.map(row => row.map(format))
  const widths = titles.map((title, i) => Math.max(title.length, ...cells.map(row => row[i].length)))
  const numeric = titles.map(
    (_, i) => rows.length > 0 && rows.every(row => row[i] === null || typeof row[i] === 'number')
  )
  const line = (row: readonly string[]) =>
    cut(
      row
        .map((cell, i) => (numeric[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
        .join('  ')
        .trimEnd(),
      width
    )
  return [line(titles), line(widths.map(size => '─'.repeat(size))), ...cells.map(line)].join('\n')
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text
}

function format(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(5)))
  return typeof value === 'string' ? value.replaceAll('\n', ' ') : JSON.stringify(value)
}
