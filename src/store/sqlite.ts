import { createRequire } from 'node:module'
import type BetterSqlite3 from 'better-sqlite3'
import { EpdError } from '../errors.js'

export type Database = BetterSqlite3.Database

/** The first major version of Node that better-sqlite3 13 works on; its binary ends an earlier one without a word. */
const FIRST_FOR_13 = 22

let loaded: typeof BetterSqlite3 | undefined

/**
 * Opens a database, or a copy of one in memory, with the version of better-sqlite3 that fits the running Node. Version
 * 12 ends Node 24.19 and later in the middle of a run, so it serves Node 20 alone.
 * @throws EpdError `store-unwritable` if that version is not installed for this Node
 */
export function openDatabase(file: string | Buffer, options: BetterSqlite3.Options = {}): Database {
  loaded ??= load()
  return new loaded(file, options)
}

const statements = new WeakMap<Database, Map<string, BetterSqlite3.Statement>>()

/**
 * A statement of SQL, prepared once for each connection. It is for statements that are read to their end, and that
 * come in a fixed number of forms.
 */
export function prepared(database: Database, sql: string): BetterSqlite3.Statement {
  const known = statements.get(database) ?? new Map<string, BetterSqlite3.Statement>()
  statements.set(database, known)
  const statement = known.get(sql) ?? database.prepare(sql)
  known.set(sql, statement)
  return statement
}

function load(): typeof BetterSqlite3 {
  const name = Number.parseInt(process.versions.node) < FIRST_FOR_13 ? 'better-sqlite3-12' : 'better-sqlite3'
  try {
    const Database = required(name)
    new Database(':memory:').close()
    return Database
  } catch (error) {
    throw notInstalled(name, error)
  }
}

function required(name: string): typeof BetterSqlite3 {
  const require: (name: string) => typeof BetterSqlite3 = createRequire(import.meta.url)
  return require(name)
}

function notInstalled(name: string, cause: unknown): EpdError {
  const reason = cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause)
  const again =
    name === 'better-sqlite3'
      ? 'install again with this Node (npm ci)'
      : 'it is compiled when it is installed, and left out where that fails: install again with this Node (npm ci), a C++ compiler and Python, ' +
        'and without --omit=optional or --ignore-scripts'
  return new EpdError(
    'store-unwritable',
    `${name} does not load on Node ${process.versions.node} (${reason}); ${again}`,
    { cause }
  )
}
