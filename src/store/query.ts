import { EpdError } from '../errors.js'
import { guarded } from './failures.js'
import { openDatabase } from './sqlite.js'

export interface QueryResult {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly unknown[])[]
}

/**
 * Runs one statement of SQL on a connection of its own that can only read.
 * @throws EpdError `query-failed`
 */
export function query(file: string, sql: string): QueryResult {
  const database = guarded(file, () => openDatabase(file, { readonly: true, timeout: 10_000 }))
  try {
    const statement = database.prepare<[], unknown[]>(sql)
    if (!statement.reader) throw new Error('the statement does not read; the connection is read-only')
    const columns = statement.columns().map(({ name }) => name)
    return { columns, rows: statement.raw().all() }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new EpdError('query-failed', `query: ${reason}`, { cause: error })
  } finally {
    database.close()
  }
}
