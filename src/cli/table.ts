import { compare, type Cell, type CompareOptions, type Comparison } from '../store/comparison.js'
import { cellText, costSentences } from '../store/comparison-text.js'
import { openStore } from '../store/store.js'
import { inColumns, paragraph, type Mark as TextMark } from './columns.js'
import { csvLines } from './csv.js'
import type { Flags, Format } from './flags.js'
import { foundRun } from './found-run.js'
import { latex, latexTable, markdown, markdownTable } from './formats.js'
import { exact, printJson, printMarked } from './output.js'
import { printable } from './printable.js'
import { isLive } from './terminal.js'

export interface TableFlags extends Flags, CompareOptions {
  readonly format: Format
}

/**
 * Prints one metric of a run's samples as papers have it: the best of each column in bold, the second underlined. With
 * `over` a cell is a mean with its spread, and is ranked by the mean.
 */
export function table(name: string, { store: dir, json, format, ...options }: TableFlags): void {
  const store = openStore(dir)
  try {
    const { id } = foundRun(store, name)
    const found = compare(store.results(id), options)
    if (json) printJson(found)
    else printMarked(laidOut(found, format))
  } finally {
    store.close()
  }
}

/** A comparison as text. */
export function laidOut(comparison: Comparison, format: Format): string {
  return layouts[format](comparison)
}

const layouts: Readonly<Record<Format, (table: Comparison) => string>> = {
  text: found => {
    const [titles, ...rows] = texts(found, printable, isLive(process.stdout) ? unmarked : inPlainText)
    const table = inColumns(titles, rows, { mark: isLive(process.stdout) ? onTerminal(found) : undefined, right: true })
    const costs = costSentences(found).map(paragraph)
    return [table, ...(costs.length > 0 ? ['', ...costs] : [])].join('\n')
  },
  markdown: found => {
    const rows = texts(found, markdown, wrapped({ best: ['**', '**'], second: ['<u>', '</u>'] }))
    return markdownTable(rows, [false, ...found.columns.map(() => true)])
  },
  csv: ({ rowsBy, columns, rows, over }) => {
    const titles = (column: string) =>
      over === undefined ? [column] : [`${column} mean`, `${column} spread`, `${column} count`]
    const numbers = (cell: Cell | undefined) =>
      over === undefined ? [cell?.value] : [cell?.value, cell?.spread, cell?.count]
    return exact(
      csvLines([
        [rowsBy, ...columns.flatMap(titles)],
        ...rows.map(({ name, cells }) => [name, ...cells.flatMap(numbers)])
      ])
    )
  },
  latex: found => {
    const rows = texts(found, latex, wrapped({ best: ['\\textbf{', '}'], second: ['\\underline{', '}'] }), '$\\pm$')
    return latexTable(rows, [false, ...found.columns.map(() => true)], 'c')
  }
}

type Mark = (text: string, rank: Cell['rank']) => string

function wrapped(marks: Readonly<Record<'best' | 'second', readonly [string, string]>>): Mark {
  return (text, rank) => (rank === 'other' ? text : marks[rank].join(text))
}

const unmarked: Mark = text => text
const inPlainText: Mark = (text, rank) => `${text}${{ best: '*', second: '+', other: ' ' }[rank]}`

/** Bold and underlined cells, which take no place of a line. */
function onTerminal({ rows }: Comparison): TextMark {
  const mark = wrapped({ best: ['\u001b[1m', '\u001b[22m'], second: ['\u001b[4m', '\u001b[24m'] })
  return (text, row, column) => mark(text, rows[row].cells.at(column - 1)?.rank ?? 'other')
}

/** Rows of texts, the first the titles. A spread stands behind its mean as `plusMinus` says it. */
function texts(
  { rowsBy, colsBy, columns, rows, metric, digits }: Comparison,
  escape: (text: string) => string,
  mark: Mark,
  plusMinus = '±'
): string[][] {
  const body = rows.map(({ name, cells }) => [
    escape(name),
    ...cells.map(cell => (cell ? mark(cellText(cell, { digits }, plusMinus), cell.rank) : ''))
  ])
  return [
    [escape(`${metric}: ${rowsBy} by ${colsBy}`), ...columns.map(column => mark(escape(column), 'other'))],
    ...body
  ]
}
