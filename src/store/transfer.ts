import { EpdError } from '../errors.js'
import { isMapping } from '../reading/plain.js'
import type { StoreContents, WritableStore } from './access.js'
import type { Commits } from './commits.js'
import { guarded } from './failures.js'
import { isWhole } from './objects.js'
import { refreshResults } from './results.js'
import { isRow, toArtifact, type Row } from './rows.js'
import { CONTENT_TABLES, enterSealed, intact } from './seals.js'
import { prepared, type Database } from './sqlite.js'

/** What a stage has left, with its seals: all of it, or the rows of one shard. */
export function contentsIn(database: Database, file: string, key: string, position?: number): StoreContents {
  const read = (table: (typeof CONTENT_TABLES)[number]): Row[] => {
    const isOfShard = position !== undefined && OF_SHARDS.has(table)
    if (position !== undefined && !isOfShard) return []
    const where = isOfShard ? 'stage_key = ? AND position = ?' : 'stage_key = ?'
    // They are entered in the order in which they were found.
    const statement = prepared(database, `SELECT * FROM ${table} WHERE ${where} ORDER BY rowid`)
    return statement.all(...(isOfShard ? [key, position] : [key])).filter(isRow)
  }
  return guarded(file, () => Object.fromEntries(CONTENT_TABLES.map(table => [table, read(table)])))
}

const OF_SHARDS = new Set<string>(['shards', 'artifacts'])

/** Takes over what another store has of a stage. */
export function adoption(commits: Commits): Pick<WritableStore, 'adopt'> {
  const { root, file, database, commit } = commits
  return {
    adopt(claimed, contents) {
      const rows = CONTENT_TABLES.flatMap(table =>
        rowsOf(contents, table).map(row => ({ table, row: intact(file, table, row) }))
      )
      for (const { table, row } of rows) {
        if (row.stage_key !== claimed.name) throw wrong(claimed.name, `a row of ${table} is of another stage`)
        if (table === 'artifacts' && !guarded(root, () => isWhole(root, toArtifact(row))))
          throw wrong(claimed.name, `the file ${String(row.digest)} is not there, or not what was written`)
      }
      commit(claimed, () => {
        for (const { table, row } of rows) enterSealed(commits, table, row, 'REPLACE')
        if (rows.some(({ table }) => table === 'metrics')) refreshResults(database)
      })
    }
  }
}

/** The rows of a table, each of which has the columns that are read, and nothing in them but what SQLite keeps. */
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
