import { stripVTControlCharacters } from 'node:util'
import { compare, type Cell, type CompareOptions, type Comparison } from '../store/comparison.js'
import { openStore } from '../store/store.js'
import type { Flags } from './flags.js'
import { foundRun } from './found-run.js'
import { csvCell } from './query.js'
import { isLive } from './terminal.js'
import { exact, printJson, printMarked } from './output.js'
import { printable } from './printable.js'

export interface TableFlags extends Flags, CompareOptions {
  readonly format: 'text' | 'markdown' | 'csv' | 'latex'
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
export function laidOut(comparison: Comparison, format: TableFlags['format']): string {
  return layouts[format](comparison)
}

const layouts: Readonly<Record<TableFlags['format'], (table: Comparison) => string>> = {
  text: found => (isLive(process.stdout) ? aligned(texts(found, onTerminal)) : aligned(texts(found, inPlainText))),
  markdown: found => {
    const [head, ...body] = texts(found, wrapped({ best: ['**', '**'], second: ['<u>', '</u>'] }))
    const escaped = [head, ...body].map(cells => cells.map(cell => cell.replaceAll('|', '\\|')))
    return [escaped[0], head.map((_, i) => (i === 0 ? '---' : '---:')), ...escaped.slice(1)]
      .map(cells => `| ${cells.join(' | ')} |`)
      .join('\n')
  },
  csv: ({ rowsBy, columns, rows, over }) => {
    const titles = (column: string) =>
      over === undefined ? [column] : [`${column} mean`, `${column} spread`, `${column} count`]
    const numbers = (cell: Cell | undefined) =>
      over === undefined ? [cell?.value] : [cell?.value, cell?.spread, cell?.count]
    return exact(
      [[rowsBy, ...columns.flatMap(titles)], ...rows.map(({ name, cells }) => [name, ...cells.flatMap(numbers)])]
        .map(row => row.map(csvCell).join(','))
        .join('\n')
    )
  },
  latex: found => {
    const marked = texts(found, wrapped({ best: ['\\textbf{', '}'], second: ['\\underline{', '}'] }), '$\\pm$')
    const escape = (text: string) => text.replaceAll(/[&%$#_{}]/g, '\\$&')
    const [head, ...body] = marked.map(([name, ...cells], i) =>
      [escape(name), ...(i === 0 ? cells.map(escape) : cells)].join(' & ').concat(' \\\\')
    )
    const open = `\\begin{tabular}{l${'c'.repeat(found.columns.length)}}`
    return [open, '\\toprule', head, '\\midrule', ...body, '\\bottomrule', '\\end{tabular}'].join('\n')
  }
}

type Mark = (text: string, rank: Cell['rank']) => string

function wrapped(marks: Readonly<Record<'best' | 'second', readonly [string, string]>>): Mark {
  return (text, rank) => (rank === 'other' ? text : marks[rank].join(text))
}

const onTerminal = wrapped({ best: ['\u001b[1m', '\u001b[22m'], second: ['\u001b[4m', '\u001b[24m'] })
const inPlainText: Mark = (text, rank) => `${text}${{ best: '*', second: '+', other: ' ' }[rank]}`

/** Rows of texts, the first the titles. A spread stands behind its mean as `plusMinus` says it. */
function texts({ rowsBy, colsBy, columns, rows, metric, digits }: Comparison, mark: Mark, plusMinus = '±'): string[][] {
  const shown = ({ value, spread }: Cell) => {
    const mean = 'decimals' in digits ? value.toFixed(digits.decimals) : value.toPrecision(digits.significant)
    return spread === undefined ? mean : `${mean} ${plusMinus}${asPrecise(spread, mean)}`
  }
  const body = rows.map(({ name, cells }) => [
    printable(name),
    ...cells.map(cell => (cell ? mark(shown(cell), cell.rank) : ''))
  ])
  return [
    [printable(`${metric}: ${rowsBy} by ${colsBy}`), ...columns.map(column => mark(printable(column), 'other'))],
    ...body
  ]
}

/** A spread to the last place of its mean, as that is printed. */
function asPrecise(spread: number, mean: string): string {
  if (mean.includes('e')) return spread.toPrecision(2)
  return spread.toFixed(mean.split('.').at(1)?.length ?? 0)
}

/** Columns side by side, numbers to the right. */
function aligned(rows: readonly (readonly string[])[]): string {
  const size = (text: string) => stripVTControlCharacters(text).length
  const widths = rows[0].map((_, i) => Math.max(...rows.map(row => size(row[i]))))
  const padded = (cell: string, i: number) => {
    const space = ' '.repeat(widths[i] - size(cell))
    return i === 0 ? cell + space : space + cell
  }
  return rows.map(row => row.map(padded).join('  ').trimEnd()).join('\n')
}
