import { openStore, type QueryRows, type Store } from '../store/store.js'
import type { Flags } from './flags.js'
import { columnsOf } from './columns.js'
import { exact, print, printJson, written } from './output.js'
import { printableJson } from './printable.js'
import { lineWidth } from './terminal.js'

export async function query(
  sql: string | undefined,
  { store: dir, json, csv }: Flags & { readonly csv?: boolean }
): Promise<void> {
  const store = openStore(dir)
  try {
    if (sql === undefined) {
      const found = tablesOf(store)
      if (json) printJson(found)
      else print(described(found).trimEnd())
      return
    }
    const found = store.queryRows(sql)
    const lines = json ? jsonLines(found) : csv ? csvLines(found) : textLines(found)
    for (const lot of inLots(lines)) await written(lot)
  } finally {
    store.close()
  }
}

/** Letters that are written at once. */
const LOT = 1 << 16

function* inLots(lines: Iterable<string>): Generator<string> {
  let lot = ''
  for (const line of lines) {
    lot += line
    if (lot.length < LOT) continue
    yield lot
    lot = ''
  }
  yield lot
}

/** A list of mappings in JSON, a row at a time. */
function* jsonLines({ columns, rows }: QueryRows): Generator<string> {
  const keys = columns.map(column => JSON.stringify(column))
  let before = '['
  for (const row of rows) {
    const last = new Map(row.map((value, i) => [keys[i], value]))
    const pairs = [...last].map(([key, value]) => `${key}:${jsonOf(value)}`)
    yield printableJson(`${before}{${pairs.join(',')}}`)
    before = ','
  }
  yield before === '[' ? '[]\n' : ']\n'
}

/** A value of SQLite in JSON: whole numbers with all digits, the number of a blob's bytes, infinity as a text. */
function jsonOf(value: unknown): string {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Uint8Array) return JSON.stringify({ bytes: value.length })
  if (typeof value === 'number' && !Number.isFinite(value)) return JSON.stringify(String(value))
  return JSON.stringify(value)
}

function* csvLines({ columns, rows }: QueryRows): Generator<string> {
  yield exact(`${columns.map(csvCell).join(',')}\n`)
  for (const row of rows) yield exact(`${row.map(value => csvCell(plain(value))).join(',')}\n`)
}

/** Rows by which the widths of columns are chosen. Later ones that are wider stand out. */
const MEASURED = 1000

function* textLines({ columns, rows }: QueryRows): Generator<string> {
  const iterator = rows[Symbol.iterator]()
  try {
    const first: (readonly unknown[])[] = []
    while (first.length < MEASURED) {
      const next = iterator.next()
      if (next.done) break
      first.push(next.value.map(forPeople))
    }
    const { head, line } = columnsOf(columns, first)
    yield head
    for (const row of first) yield `${line(row)}\n`
    for (let next = iterator.next(); !next.done; next = iterator.next()) yield `${line(next.value.map(forPeople))}\n`
  } finally {
    iterator.return?.()
  }
}

/** A value of SQLite as tables have them, where nothing would not be told from an empty text. */
function forPeople(value: unknown): unknown {
  return value === null ? 'NULL' : plain(value)
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return `<${value.length.toLocaleString('en')} bytes>`
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
}

interface Table {
  readonly name: string
  readonly columns: readonly string[]
}

/** What can be queried, `results` first: the view that most questions are about. */
function tablesOf(store: Store): Table[] {
  const { rows } = store.query(
    `SELECT tables.name, columns.name FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
     WHERE tables.type IN ('table', 'view') AND tables.name NOT LIKE 'sqlite_%'
     ORDER BY tables.type = 'table', tables.name, columns.cid`
  )
  const found = new Map<string, string[]>()
  for (const [table, column] of rows) {
    const columns = found.get(String(table)) ?? []
    columns.push(String(column))
    found.set(String(table), columns)
  }
  return [...found].map(([name, columns]) => ({ name, columns }))
}

const EXAMPLES: readonly (readonly [string, string])[] = [
  ['the solvers, the best first', 'SELECT solver, nfe, rmse, psnr FROM results ORDER BY rmse'],
  ['the runs, the newest first', 'SELECT id, status, created FROM runs ORDER BY created DESC'],
  [
    'what a distillation went through (loss is the square of the rms loss that a run shows)',
    'SELECT name, iteration, phase, step, sqrt(loss) AS rms FROM iterations JOIN run_stages USING (stage_key)'
  ],
  ['the time points of what was learned', 'SELECT name, sigmas FROM predictors JOIN run_stages USING (stage_key)'],
  [
    'what each stage took',
    'SELECT name, kind, evaluations, seconds FROM stages JOIN run_stages ON stage_key = key ORDER BY seconds DESC'
  ]
]

function described(tables: readonly Table[]): string {
  const width = Math.max(...tables.map(({ name }) => name.length))
  const lists = tables.map(({ name, columns }) => wrapped(`${name.padEnd(width)}  `, columns))
  const examples = EXAMPLES.map(([what, sql]) => `${what}:\n  epd-run query "${sql}"\n`)
  return `${lists.join('\n')}\n\n${examples.join('\n')}`
}

/** Words behind a title, in lines that a terminal holds. */
function wrapped(title: string, words: readonly string[]): string {
  const width = Math.min(lineWidth(), MOST)
  const lines = [title]
  words.forEach((word, i) => {
    const piece = i < words.length - 1 ? `${word}, ` : word
    const line = lines[lines.length - 1]
    if (line.length > title.length && `${line}${piece}`.trimEnd().length > width)
      lines.push(' '.repeat(title.length) + piece)
    else lines[lines.length - 1] = line + piece
  })
  return lines.map(line => line.trimEnd()).join('\n')
}

/** Characters of a line, where no terminal limits it. */
const MOST = 100

/** RFC 4180. */
export function csvCell(value: unknown): string {
  const text =
    value === null || value === undefined
      ? ''
      : typeof value === 'string' || typeof value === 'bigint'
        ? String(value)
        : JSON.stringify(value)
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
