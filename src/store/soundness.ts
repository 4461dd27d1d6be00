import { EpdError } from '../errors.js'
import { openDatabase, type Database } from './sqlite.js'

/**
 * The table that may have millions of rows. It is checked before a run and before a statement of SQL that names it.
 * Where the rows of one stage are read, the stage's own seal tells whether all are there.
 */
const LARGE = 'iterations'

/**
 * Checks what the rows' own seals do not reach: the pages of tables, and their indices against them. An index that has
 * lost an entry would hide a row that is there.
 * @throws EpdError `store-corrupt`
 */
export function checkPages(database: Database, file: string): void {
  for (const table of columnsOf(database).keys()) if (table !== LARGE) checkTable(database, file, table)
}

/** As `checkPages`, of the large table where a statement of SQL names it. @throws EpdError `store-corrupt` */
export function checkNamedPages(database: Database, file: string, sql: string): void {
  if (new RegExp(`\\b${LARGE}\\b`, 'i').test(sql)) checkTable(database, file, LARGE)
}

function checkTable(database: Database, file: string, table: string): void {
  const wrong = wrongPages(database, table)
  if (wrong !== undefined)
    throw new EpdError(
      'store-corrupt',
      `${file}: is damaged (${wrong}); run an experiment in it, which mends its indices, or move it away`
    )
}

/**
 * Makes indices anew where they do not say what their tables hold.
 * @throws EpdError `store-corrupt` where a table is damaged itself
 */
export function mendIndices(database: Database, file: string): void {
  const wrong = wrongPages(database)
  if (wrong === undefined) return
  try {
    database.exec('REINDEX')
  } catch (error) {
    throw damaged(file, wrong, error)
  }
  const left = wrongPages(database)
  if (left !== undefined) throw damaged(file, left)
}

/**
 * Checks the names and types of columns, which no seal covers.
 * @param makeTables makes the tables as they have to be in an empty database
 * @throws EpdError `store-corrupt`
 */
export function checkColumns(database: Database, file: string, makeTables: (database: Database) => void): void {
  const fresh = openDatabase(':memory:')
  try {
    makeTables(fresh)
    const found = columnsOf(database)
    const wrong = [...columnsOf(fresh)].find(([table, columns]) => found.get(table) !== columns)
    if (wrong) throw damaged(file, `the columns of the table ${wrong[0]}`)
  } finally {
    fresh.close()
  }
}

function damaged(file: string, what: string, cause?: unknown): EpdError {
  return new EpdError('store-corrupt', `${file}: is damaged (${what})`, { wayOut: 'replace-store', cause })
}

/** The first thing that SQLite finds wrong, in a table with its indices or in all of the database. */
function wrongPages(database: Database, table?: string): string | undefined {
  const found = String(database.pragma(`integrity_check(${table ?? 1})`, { simple: true }))
  return found === 'ok' ? undefined : found.replaceAll(/\s+/g, ' ')
}

/** The columns of each table, by its name. */
function columnsOf(database: Database): ReadonlyMap<string, string> {
  const tables = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .pluck()
    .all()
    .map(String)
  const columns = database.prepare('SELECT name, type, "notnull", pk FROM pragma_table_info(?)').raw()
  return new Map(tables.map(table => [table, JSON.stringify(columns.all(table))]))
}
