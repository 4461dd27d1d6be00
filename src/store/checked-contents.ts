import { EpdError } from '../errors.js'
import { isMapping } from '../reading/plain.js'
import type { StoreContents } from './access.js'
import { guarded } from './failures.js'
import { isWhole } from './objects.js'
import { toArtifact, type Row } from './rows.js'
import { CONTENT_TABLES, intact, type CheckedRow } from './seals.js'

/**
 * The rows of what a stage has left in another store, each of which has its seal; and each file that they name lies in
 * the folder `root` already, in its full size and with its digest. `file` is what messages name.
 * @throws EpdError `store-corrupt` where a row or a file is not what was written, `store-unwritable` where a file
 * cannot be read
 */
export function checkedContents(root: string, file: string, key: string, contents: StoreContents): CheckedRow[] {
  const rows = CONTENT_TABLES.flatMap(table =>
    rowsOf(contents, table).map(row => ({ table, row: intact(file, table, row) }))
  )
  for (const { table, row } of rows) {
    if (row.stage_key !== key) throw wrong(key, `a row of ${table} is of another stage`)
    if (table === 'artifacts' && !guarded(root, () => isWhole(root, toArtifact(row))))
      throw wrong(key, `the file ${String(row.digest)} is not there, or not what was written`)
  }
  return rows
}

/** The rows of a table, each of which has nothing in it but what SQLite keeps. */
function rowsOf(contents: StoreContents, table: string): Row[] {
  const found: unknown = contents[table] ?? []
  if (!Array.isArray(found) || !found.every(isMapping)) throw wrong(table, 'expected a list of rows')
  const isKept = (value: unknown) => value === null || typeof value === 'string' || typeof value === 'number'
  if (!found.every(row => Object.values(row).every(isKept))) throw wrong(table, 'expected texts and numbers')
  return found
}

function wrong(what: string, message: string): EpdError {
  return new EpdError('store-corrupt', `what was computed of ${what.slice(0, 12)} cannot be taken over: ${message}`)
}
