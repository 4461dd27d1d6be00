import { printable } from './printable.js'
import { drawsUnicode, lineWidth } from './terminal.js'
import { padded, textWidth, wrapped } from './text-width.js'

/** Where a table is printed. */
export interface Page {
  /** Places of a line; Infinity for a pipe. */
  readonly width: number
  /** Whether rules may be drawn with letters outside of ASCII. */
  readonly unicode: boolean
  /** Puts what takes no place, such as a terminal's sequences, around what a cell shows. */
  readonly mark?: Mark
  /** Whether all columns but the first stand to the right and are not broken, whatever they hold. */
  readonly right?: boolean
}

/** A cell's text with marks around it, by its row and its column. */
export type Mark = (text: string, row: number, column: number) => string

/** A table whose rows are laid out one by one. */
export interface Layout {
  /** Titles and a rule, with a line feed; empty where each row names its values. */
  readonly head: string
  readonly line: (row: readonly unknown[], place?: number) => string
}

/** The page that stdout is. */
export function thisPage(width = lineWidth()): Page {
  return { width, unicode: drawsUnicode(process.stdout) }
}

/**
 * Rows as a table that loses nothing at any width. Numbers stand to the right and are never broken. Columns that hold
 * nothing are left out; where the rest does not fit, texts are wrapped, and where that is not enough each row becomes
 * lines of a title and a value.
 */
export function inColumns(
  titles: readonly string[],
  rows: readonly (readonly unknown[])[],
  page: Partial<Page> = {}
): string {
  const kept = titles.map((_, i) => i).filter(i => rows.length === 0 || rows.some(row => !isEmpty(row[i])))
  const picked = rows.map(row => kept.map(i => row[i]))
  const names = kept.map(i => titles[i])
  const { mark } = page
  const marked = mark && ((text: string, row: number, column: number) => mark(text, row, kept[column]))
  const { head, line } = layoutOf(names, picked, { ...page, mark: marked })
  return [...(head === '' ? [] : [head.trimEnd()]), ...picked.map(line)].join('\n').trimEnd()
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === ''
}

/** A column for people is padded to no more than this, so that one long cell does not take the others' place. */
const WIDEST = 100

/** A text is wrapped to no fewer places than this. */
const NARROWEST = 12

const GAP = 2

/** The layout of a table whose columns are as wide as some of its rows need. */
export function layoutOf(
  titles: readonly string[],
  rows: readonly (readonly unknown[])[],
  given: Partial<Page> = {}
): Layout {
  const page = { ...thisPage(), ...given }
  const columns = measured(titles, rows, page.right ?? false)
  const widths = fitted(columns, page.width)
  return widths === undefined ? vertical(columns, page) : horizontal(columns, widths, page)
}

interface Column {
  readonly title: string
  readonly numeric: boolean
  readonly widest: number
}

function measured(titles: readonly string[], rows: readonly (readonly unknown[])[], right: boolean): Column[] {
  return titles.map((raw, i) => {
    const title = printable(raw)
    const widest = rows.reduce((most, row) => Math.max(most, textWidth(format(row[i]))), textWidth(title))
    return { title, widest, numeric: right ? i > 0 : rows.length > 0 && rows.every(row => isNumber(row[i])) }
  })
}

/** The widths of columns that fit into a line, where long texts are wrapped; undefined where they cannot fit. */
function fitted(columns: readonly Column[], most: number): readonly number[] | undefined {
  if (most === Infinity) return columns.map(({ widest }) => Math.min(widest, WIDEST))
  const widths = columns.map(({ widest }) => widest)
  const least = columns.map(({ title, numeric, widest }) =>
    numeric ? widest : Math.min(widest, Math.max(NARROWEST, textWidth(title)))
  )
  const room = most - GAP * (columns.length - 1)
  if (sumOf(least) > room) return undefined
  for (let over = sumOf(widths) - room; over > 0; over--) {
    const slack = widths.map((width, i) => (width > least[i] ? width : 0))
    widths[slack.indexOf(Math.max(...slack))]--
  }
  return widths
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0)
}

function horizontal(columns: readonly Column[], widths: readonly number[], page: Page): Layout {
  const rule = page.unicode ? '─' : '-'
  const joined = (cells: readonly string[], place?: number) =>
    cells
      .map((cell, i) => marked(cell, padded(cell, widths[i], columns[i].numeric), page, place, i))
      .join(' '.repeat(GAP))
      .trimEnd()
  const line = (row: readonly unknown[], place?: number) => {
    const cells = row.map((value, i) => {
      const text = format(value)
      const wraps = page.width !== Infinity && !isNumber(value) && !columns[i].numeric
      return wraps ? wrapped(text, widths[i]) : [text]
    })
    const height = Math.max(1, ...cells.map(({ length }) => length))
    return Array.from({ length: height }, (_, k) =>
      joined(
        cells.map(lines => lines.at(k) ?? ''),
        place
      )
    ).join('\n')
  }
  const titles = joined(columns.map(({ title }) => title))
  return { head: `${titles}\n${joined(widths.map(width => rule.repeat(width)))}\n`, line }
}

/** A cell within its blanks, with its marks if there are any for its row. */
function marked(cell: string, inPlace: string, { mark }: Page, place: number | undefined, column: number): string {
  return mark === undefined || place === undefined || cell === ''
    ? inPlace
    : inPlace.replace(cell, () => mark(cell, place, column))
}

/** Each row as lines of a title and a value, with an empty line behind it. */
function vertical(columns: readonly Column[], page: Page): Layout {
  const most = page.width
  const name = Math.min(Math.max(0, ...columns.map(({ title }) => textWidth(title))), Math.floor(most / 2))
  const room = Math.max(most - name - GAP, 1)
  const pair = (title: string, value: string, isWhole: boolean) => {
    const [names, values] = [wrapped(title, name), isWhole ? [value] : wrapped(value, room)]
    return Array.from({ length: Math.max(names.length, values.length) }, (_, k) =>
      `${padded(names.at(k) ?? '', name)}${' '.repeat(GAP)}${values.at(k) ?? ''}`.trimEnd()
    )
  }
  const shown = (value: unknown, place: number | undefined, i: number) => {
    const text = format(value)
    return marked(text, text, page, place, i)
  }
  const line = (row: readonly unknown[], place?: number) =>
    columns
      .flatMap(({ title, numeric }, i) =>
        isEmpty(row[i]) ? [] : pair(title, shown(row[i], place, i), numeric || isNumber(row[i]))
      )
      .concat('')
      .join('\n')
  return { head: '', line }
}

/** A sentence as lines that the page holds. */
export function paragraph(text: string): string {
  const { width } = thisPage()
  return width === Infinity ? printable(text) : wrapped(printable(text), width).join('\n')
}

function isNumber(value: unknown): boolean {
  if (value === null || value === undefined || value === 'NULL') return true
  return typeof value === 'number' || typeof value === 'bigint'
}

/** A value as people read it: a number with five digits, all else as a line of text. */
export function format(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(5)))
  return printable(typeof value === 'string' ? value.replaceAll('\n', ' ') : JSON.stringify(value))
}
