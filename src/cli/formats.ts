import { format as shown, inColumns } from './columns.js'
import { csvLines } from './csv.js'
import type { Format } from './flags.js'
import { exact } from './output.js'
import { printable } from './printable.js'

/** A table as text in a format. CSV has all digits; the others have those that people read. */
export function inFormat(format: Format, titles: readonly string[], rows: readonly (readonly unknown[])[]): string {
  return LAYOUTS[format](titles, rows)
}

type Layout = (titles: readonly string[], rows: readonly (readonly unknown[])[]) => string

const LAYOUTS: Readonly<Record<Format, Layout>> = {
  text: inColumns,
  csv: (titles, rows) => exact(csvLines([titles, ...rows])),
  markdown: (titles, rows) =>
    markdownTable(
      [titles.map(markdown), ...rows.map(row => row.map(value => markdown(shown(value))))],
      alignment(rows)
    ),
  latex: (titles, rows) =>
    latexTable([titles.map(latex), ...rows.map(row => row.map(value => latex(shown(value))))], alignment(rows))
}

/** Whether each column holds numbers alone. */
function alignment(rows: readonly (readonly unknown[])[]): boolean[] {
  return (rows.at(0) ?? []).map((_, i) => rows.every(row => row[i] === null || typeof row[i] === 'number'))
}

/** Cells that are Markdown as a table; the first row holds the titles. */
export function markdownTable([head, ...body]: readonly (readonly string[])[], right: readonly boolean[]): string {
  const rule = head.map((_, i) => (right.at(i) ? '---:' : '---'))
  return [head, rule, ...body].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}

/** Cells that are LaTeX as a table of the package booktabs; the first row holds the titles. */
export function latexTable(rows: readonly (readonly string[])[], right: readonly boolean[], column = 'r'): string {
  const [head, ...body] = rows.map(cells => `${cells.join(' & ')} \\\\`)
  const columns = rows[0].map((_, i) => (right.at(i) ? column : 'l')).join('')
  return [
    `\\begin{tabular}{${columns}}`,
    '\\toprule',
    head,
    '\\midrule',
    ...body,
    '\\bottomrule',
    '\\end{tabular}'
  ].join('\n')
}

/** A text that Markdown shows as it is: no link, no HTML, no mark of a cell's end. */
export function markdown(text: string): string {
  return printable(text)
    .replaceAll(/[\\`*_[\]|~]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/(https?|ftp|mailto|www)([:.])/gi, (_, word: string, mark: string) => `${word}&#${mark.charCodeAt(0)};`)
}

const LATEX: Readonly<Partial<Record<string, string>>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '|': '\\textbar{}'
}

/** A text that LaTeX sets as it is: it runs no command, and ends no cell. */
export function latex(text: string): string {
  return printable(text).replaceAll(/[\\&%$#_{}~^<>|]/g, found => LATEX[found] ?? `\\${found}`)
}
