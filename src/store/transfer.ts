import { EpdError } from '../errors.js'
import type { Checked, StoreContents, WritableStore } from './access.js'
import { checkedContents } from './checked-contents.js'
import type { Claim } from './claims.js'
import type { Commits } from './commits.js'
import { guarded } from './failures.js'
import { hasObject } from './objects.js'
import { refreshResults } from './results.js'
import type { IterationRow } from './records.js'
import { isRow, toArtifact, toIteration, type Row } from './rows.js'
import { CONTENT_TABLES, enterIntact, type CheckedRow, type ContentTable } from './seals.js'
import { prepared, type Database } from './sqlite.js'
import { stageWrites } from './writing-stages.js'

/** What a stage has left, with its seals: all of it, or the rows of one shard. */
export function contentsIn(database: Database, file: string, key: string, position?: number): StoreContents {
  const read = (table: ContentTable): Row[] => {
    const isOfShard = position !== undefined && OF_SHARDS.has(table)
    if (position !== undefined && !isOfShard) return []
    const where = isOfShard ? 'stage_key = ? AND position = ?' : 'stage_key = ?'
    // They are entered in the order in which they were found.
    const statement = prepared(database, `SELECT * FROM ${table} WHERE ${where} ORDER BY rowid`)
    return statement.all(...(isOfShard ? [key, position] : [key])).filter(isRow)
  }
  return guarded(file, () => Object.fromEntries(CONTENT_TABLES.map(table => [table, read(table)])))
}

/** The iterations among what a stage has left. */
export function iterationsIn({ iterations = [] }: StoreContents): IterationRow[] {
  return iterations.map(toIteration)
}

const OF_SHARDS = new Set<string>(['shards', 'artifacts'])

/** Takes over what another store has of a stage. */
export function adoption(commits: Commits): Pick<WritableStore, 'adopt' | 'adoptChecked' | 'version'> {
  const { root, file, database, commit } = commits
  const enter = (rows: readonly CheckedRow[]) => {
    for (const { table, row } of rows) enterIntact(commits, table, row, 'REPLACE')
  }
  const version = () => guarded(file, () => Number(database.pragma('data_version', { simple: true })))
  const areThere = (rows: readonly CheckedRow[]) =>
    rows.every(({ table, row }) => table !== 'artifacts' || hasObject(root, toArtifact(row)))
  const { addSeconds } = stageWrites(commits)
  const adoptChecked = (claimed: Claim, all: readonly Checked[], since: number): boolean[] => {
    let entered: boolean[] = []
    commit(claimed, () => {
      // Others delete files that no row names, as these were so far, within transactions, and so change the version.
      const isSame = version() === since
      entered = guarded(root, () => all.map(({ rows }) => isSame || areThere(rows)))
      const found = all.filter((_, i) => entered[i])
      const rows = found.flatMap(each => each.rows)
      enter(rows)
      const spent = found.reduce((sum, { seconds = 0 }) => sum + seconds, 0)
      if (spent > 0) addSeconds(claimed, spent)
      if (rows.some(({ table }) => table === 'metrics')) refreshResults(database)
    })
    return entered
  }
  return {
    version,
    adoptChecked,
    adopt(claimed, contents) {
      const since = version()
      const rows = checkedContents(root, file, claimed.name, contents)
      const [isEntered] = adoptChecked(claimed, [{ rows }], since)
      if (!isEntered)
        throw new EpdError('store-corrupt', `a file of ${claimed.name.slice(0, 12)} was deleted meanwhile; run again`)
    }
  }
}
