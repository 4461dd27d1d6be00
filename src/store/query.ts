import { EpdError } from '../errors.js'
import { guarded } from './failures.js'
import { overlayResults } from './results.js'
import { checkNamed } from './seals.js'
import { openDatabase } from './sqlite.js'

/** The rows that a statement of SQL has read. */
export interface QueryResult {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly unknown[])[]
}

/**
 * Runs one statement of SQL on a connection of its own that can only read.
 * @throws EpdError `query-failed`, or `store-corrupt` where a row of a table that the statement names is not what was
 * written
 */
export function query(file: string, sql: string): QueryResult {
  const database = guarded(file, () => openDatabase(file, { readonly: true, timeout: 10_000 }))
  try {
    guarded(file, () => {
      overlayResults(database)
    })
    const statement = database.prepare<[], unknown[]>(sql)
    if (!statement.reader) throw new Error('the statement does not read; the connection is read-only')
    checkNamed(database, file, sql)
    const columns = statement.columns().map(({ name }) => name)
    return { columns, rows: statement.raw().all() }
  } catch (error) {
    if (error instanceof EpdError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new EpdError('query-failed', `query: ${reason}`, { cause: error })
  } finally {
    database.close()
  }
}
