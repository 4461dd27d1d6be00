import { EpdError } from '../errors.js'
import { guarded } from './failures.js'
import { overlayResults } from './results.js'
import { checkNamed } from './seals.js'
import { checkNamedPages } from './soundness.js'
import { openToRead } from './unwritable.js'

/** The rows that a statement of SQL has read. A whole number that is no safe integer is a bigint. */
export interface QueryResult {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly unknown[])[]
}

/** Rows that are read as they are asked for. */
export interface QueryRows {
  readonly columns: readonly string[]
  /** They can be gone through once, which ends the connection. @throws EpdError `query-failed` */
  readonly rows: Iterable<readonly unknown[]>
}

/**
 * Runs one statement of SQL on a connection of its own that can only read.
 * @throws EpdError `query-failed`, or `store-corrupt` where a row of a table that the statement names is not what was
 * written
 */
export function query(file: string, sql: string): QueryResult {
  const { columns, rows } = queryRows(file, sql)
  return { columns, rows: [...rows] }
}

/** As `query`, without holding more than one row. */
export function queryRows(file: string, sql: string): QueryRows {
  const database = guarded(file, () => openToRead(file))
  try {
    guarded(file, () => {
      overlayResults(database)
      // A copy in memory, as of a store on a read-only disk, could be written.
      database.pragma('query_only = ON')
    })
    const statement = database.prepare<[], unknown[]>(sql)
    if (!statement.reader) throw new Error('the statement does not read; the connection is read-only')
    checkNamed(database, file, sql)
    checkNamedPages(database, file, sql)
    const columns = statement.columns().map(({ name }) => name)
    function* rows() {
      try {
        for (const row of statement.raw().safeIntegers().iterate()) yield row.map(exact)
      } catch (error) {
        throw failed(error)
      } finally {
        database.close()
      }
    }
    return { columns, rows: rows() }
  } catch (error) {
    database.close()
    throw failed(error)
  }
}

/** A whole number as a number where that has all its digits. */
function exact(value: unknown): unknown {
  if (typeof value !== 'bigint') return value
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

function failed(error: unknown): EpdError {
  if (error instanceof EpdError) return error
  const reason = error instanceof Error ? error.message : String(error)
  return new EpdError('query-failed', `query: ${reason}`, { cause: error })
}
