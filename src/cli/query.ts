import { openStore, type QueryRows } from '../store/store.js'
import { layoutOf, thisPage } from './columns.js'
import { csvCell } from './csv.js'
import type { Flags } from './flags.js'
import { exact, print, printJson, written } from './output.js'
import { printable, printableJson } from './printable.js'
import { describedTables, knownTables } from './query-help.js'
import { textWidth } from './text-width.js'

export async function query(
  sql: string | undefined,
  { store: dir, json, csv }: Flags & { readonly csv?: boolean }
): Promise<void> {
  const store = openStore(dir)
  try {
    if (sql === undefined) {
      const found = knownTables(store)
      if (json) printJson(found)
      else print(describedTables(found))
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

/** On a terminal, columns that hold nothing are left out where all columns do not fit, which is said. */
function* textLines({ columns, rows }: QueryRows): Generator<string> {
  const iterator = rows[Symbol.iterator]()
  try {
    const first: (readonly unknown[])[] = []
    let isAll = false
    while (first.length < MEASURED && !isAll) {
      const next = iterator.next()
      if (next.done) isAll = true
      else first.push(next.value.map(forPeople))
    }
    const kept = isAll ? keptIn(columns, first) : columns.map((_, i) => i)
    const pick = (row: readonly unknown[]) => kept.map(i => row[i])
    const picked = first.map(pick)
    const { head, line } = layoutOf(pick(columns).map(String), picked)
    yield head
    for (const row of picked) yield `${line(row)}\n`
    for (let next = iterator.next(); !next.done; next = iterator.next())
      yield `${line(pick(next.value.map(forPeople)))}\n`
    const left = columns.filter((_, i) => !kept.includes(i))
    if (left.length > 0) yield printable(`NULL in all rows: ${left.join(', ')}`) + '\n'
  } finally {
    iterator.return?.()
  }
}

/** The places of the columns that are shown: all that hold something, and the others where there is room for them. */
function keptIn(columns: readonly string[], rows: readonly (readonly unknown[])[]): number[] {
  const places = columns.map((_, i) => i)
  const { width } = thisPage()
  const { head, line } = layoutOf(columns, rows, { width: Infinity })
  const isWide = [head.split('\n')[0], ...rows.map(row => line(row))].some(text => textWidth(text) > width)
  const holds = places.filter(i => rows.some(row => row[i] !== 'NULL'))
  return isWide && holds.length > 0 ? holds : places
}

/** A value of SQLite as tables have them, where nothing would not be told from an empty text. */
function forPeople(value: unknown): unknown {
  return value === null ? 'NULL' : plain(value)
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return `<${value.length.toLocaleString('en')} bytes>`
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
}
