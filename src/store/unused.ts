import { seemsAlive } from './claims.js'
import { hasOrders, imageFolders, objectFiles, sized, type Sized } from './folders.js'
import { holderOf, type Holder } from './holders.js'
import { isRow, number, text, type Row } from './rows.js'
import { checkRows } from './seals.js'
import { prepared, type Database } from './sqlite.js'

/** A stage that no run names, with the bytes of the files that it has left. */
export interface UnusedStage {
  readonly key: string
  readonly kind: string
  readonly bytes: number
}

/** What nothing in a store refers to. Its files are those that are left once its stages are deleted. */
export interface Unused {
  readonly stages: readonly UnusedStage[]
  /** Files named by their content that no other stage has left; none while workers have orders. */
  readonly objects: readonly Sized[]
  /** Folders of pictures whose run is no more. */
  readonly images: readonly Sized[]
}

/** Keys of stages that no run names, by whatever is left of them. */
const UNNAMED = `SELECT key FROM (
    SELECT key FROM stages UNION SELECT stage_key FROM artifacts UNION SELECT stage_key FROM shards
    UNION SELECT stage_key FROM metrics UNION SELECT stage_key FROM predictors
  ) WHERE key NOT IN (SELECT stage_key FROM run_stages)`

const STAGE = `SELECT coalesce((SELECT kind FROM stages WHERE key = ?), 'stage') AS kind,
  (SELECT coalesce(sum(size), 0) FROM artifacts WHERE stage_key = ?) AS bytes`

/**
 * Finds what nothing refers to. A stage that a process computes is in use, whether a run names it or not.
 * @throws EpdError `store-corrupt` where a row that keeps something from being deleted is not what was written
 */
export function findUnused(
  root: string,
  file: string,
  database: Database,
  isAlive: (held: Holder) => boolean = seemsAlive
): Unused {
  checkReferences(database, file)
  const stages = unusedKeys(database, isAlive).map(key => {
    const [row] = rowsOf(database, STAGE, key, key)
    return { key, kind: text(row, 'kind'), bytes: number(row, 'bytes') }
  })
  const dropped = new Set(stages.map(({ key }) => key))
  const left = rowsOf(database, 'SELECT stage_key, digest, extension FROM artifacts')
    .filter(row => !dropped.has(text(row, 'stage_key')))
    .map(row => `${text(row, 'digest')}.${text(row, 'extension')}`)
  const named = new Set(left)
  const runs = new Set(rowsOf(database, 'SELECT id FROM runs').map(row => text(row, 'id')))
  return {
    stages,
    objects: (hasOrders(root) ? [] : objectFiles(root)).flatMap(({ name, path, bytes }) =>
      named.has(name) ? [] : [{ path, bytes }]
    ),
    images: [...imageFolders(root)].flatMap(([run, path]) => (runs.has(run) ? [] : [sized(path)]))
  }
}

/**
 * Checks that what names stages is what was written: a flipped bit there could make any of them look unused. Of other
 * rows it is harmless, since a stage that is damaged is computed anew.
 * @throws EpdError `store-corrupt`
 */
function checkReferences(database: Database, file: string): void {
  for (const table of ['runs', 'run_stages'] as const) checkRows(database, file, table)
}

/** The stages that no run names and nobody computes. */
function unusedKeys(database: Database, isAlive: (held: Holder) => boolean): string[] {
  return rowsOf(database, UNNAMED)
    .map(row => text(row, 'key'))
    .filter(key => !isComputed(database, key, isAlive))
}

/** Whether no run names a stage and nobody computes it. To be called within the transaction that deletes it. */
export function isUnused(database: Database, key: string, isAlive: (held: Holder) => boolean): boolean {
  const named = rowsOf(database, 'SELECT 1 FROM run_stages WHERE stage_key = ? LIMIT 1', key)
  return named.length === 0 && !isComputed(database, key, isAlive)
}

function isComputed(database: Database, key: string, isAlive: (held: Holder) => boolean): boolean {
  const held = holderOf(database, key)
  return held !== undefined && isAlive(held)
}

function rowsOf(database: Database, sql: string, ...values: unknown[]): Row[] {
  return prepared(database, sql)
    .all(...values)
    .filter(isRow)
}
