import { isRow, text, type Row } from './rows.js'
import { checkStage, CONTENT_TABLES, intact, sealedColumns, type SealedName } from './seals.js'
import { prepared, type Database } from './sqlite.js'

/** A row of one of the store's tables, by its columns, without the digest over them. */
export interface SealedRow {
  readonly table: SealedName
  readonly values: Readonly<Record<string, unknown>>
}

/** All rows of a run: its own, those of its stages, and of what these have left. */
export type RunRecords = readonly SealedRow[]

/** Tables of what a run has, by its id. */
const RUN_TABLES = ['run_stages', 'run_tags', 'run_notes'] as const

/**
 * All rows of a run, of its stages and of what they have left, as one moment has them.
 * @throws EpdError `store-corrupt` where one is not what was written
 */
export function recordsOf(file: string, database: Database, runId: string): RunRecords {
  const read = (table: SealedName, condition: string, value: string): SealedRow[] =>
    prepared(database, `SELECT * FROM ${table} WHERE ${condition} ORDER BY rowid`)
      .all(value)
      .filter(isRow)
      .map(row => ({ table, values: valuesOf(table, intact(file, table, row)) }))
  const all = database.transaction(() => {
    const own = RUN_TABLES.flatMap(table => read(table, 'run_id = ?', runId))
    const keys = new Set(
      own.flatMap(({ table, values }) => (table === 'run_stages' ? [text(values, 'stage_key')] : []))
    )
    for (const key of keys) checkStage(database, file, key)
    const stages = [...keys].flatMap(key => [
      ...read('stages', 'key = ?', key),
      ...CONTENT_TABLES.flatMap(table => read(table, 'stage_key = ?', key))
    ])
    return [...read('runs', 'id = ?', runId), ...own, ...stages]
  })
  return all()
}

function valuesOf(table: SealedName, row: Row): Row {
  return Object.fromEntries(sealedColumns(table).map(column => [column, row[column]]))
}
