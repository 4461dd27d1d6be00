import { EpdError, messageOf } from '../errors.js'
import type { Store, WritableStore } from './access.js'
import type { Commits } from './commits.js'
import { hasObject } from './objects.js'
import { attended } from './presence.js'
import { toArtifact, text, type Row } from './rows.js'
import type { RunRecords, SealedRow } from './run-records.js'
import { CONTENT_TABLES, isDamaged, checkStage, enterSealed, sealedColumns, type SealedName } from './seals.js'

/** How a run stands that was not finished when it was written down elsewhere. */
const BROUGHT = 'it was brought from another store before it was finished'

/** Enters the rows of a run of another store beside what this one has. */
export function recordWrites(commits: Commits, reads: Store): Pick<WritableStore, 'putRecords'> {
  const { database, commit } = commits
  return {
    putRecords(claimed, records, check) {
      commit(claimed, () => {
        const runs = records.filter(({ table }) => table === 'runs')
        if (runs.length !== 1) throw wrong('has not the row of one run')
        const id = text(runs[0].values, 'id')
        if (attended(database).has(id))
          throw new EpdError('run-in-use', `${id}: a process is working on this run; end that first`, { subject: id })
        for (const [key, rows] of byStage(records)) putStage(commits, key, rows)
        putRun(commits, runs[0])
        for (const one of records)
          if (['run_stages', 'run_tags', 'run_notes'].includes(one.table)) put(commits, one, 'IGNORE')
        readable(reads, id)
        check(id)
      })
    }
  }
}

/** The rows of stages and of what they have left, by the key of the stage, the stage's own first. */
function byStage(records: RunRecords): ReadonlyMap<string, readonly SealedRow[]> {
  const stages = new Map<string, SealedRow[]>()
  for (const one of records) {
    if (one.table === 'stages') stages.set(text(one.values, 'key'), [one])
    else if (isContent(one.table)) stages.get(text(one.values, 'stage_key'))?.push(one)
  }
  return stages
}

function isContent(table: SealedName): boolean {
  return CONTENT_TABLES.some(name => name === table)
}

/** Enters a stage unless this store has as much of it: what is finished and whole stays, and so does what is begun. */
function putStage(commits: Commits, key: string, rows: readonly SealedRow[]): void {
  const { root, file, database, run } = commits
  const known = database.prepare('SELECT status FROM stages WHERE key = ?').pluck().get(key)
  const isWhole = !isDamaged(() => {
    checkStage(database, file, key)
  })
  const [stage, ...left] = rows
  const isFinished = stage.values.status === 'finished'
  if (known !== undefined && isWhole && (known === 'finished' || !isFinished)) return
  const held = database.prepare('SELECT pid, host FROM claims WHERE name = ?').get(key)
  if (held !== undefined)
    throw new EpdError('run-in-use', `stage ${key.slice(0, 12)}: a process is computing it; end that first`)
  for (const table of CONTENT_TABLES) run(`DELETE FROM ${table} WHERE stage_key = ?`, key)
  run('DELETE FROM stages WHERE key = ?', key)
  for (const one of rows) put(commits, one, 'ABORT')
  for (const { table, values } of left) {
    if (table !== 'artifacts') continue
    if (!hasObject(root, toArtifact(values)))
      throw wrong(`lacks the file ${text(values, 'digest')} of stage ${key.slice(0, 12)}`)
  }
  if (
    isDamaged(() => {
      checkStage(database, file, key)
    })
  )
    throw wrong(`has other rows of stage ${key.slice(0, 12)} than the stage had when it was finished`)
}

function putRun(commits: Commits, { table, values }: SealedRow): void {
  const { database, run, sealed } = commits
  const isFinished = values.status === 'finished'
  const own = isFinished ? values : { ...values, status: 'interrupted', error: values.error ?? BROUGHT }
  const known = database.prepare('SELECT status FROM runs WHERE id = ?').pluck().get(values.id)
  if (known === undefined) put(commits, { table, values: own }, 'ABORT')
  else if (known !== 'finished' && isFinished) {
    run('UPDATE runs SET status = ?, error = NULL, finished = ? WHERE id = ?', 'finished', values.finished, values.id)
    sealed('runs', 'id = ?', values.id)
  }
}

/** Enters a row, sealed anew. */
function put(commits: Commits, { table, values }: SealedRow, otherwise: 'ABORT' | 'IGNORE'): void {
  for (const column of sealedColumns(table)) expectPlain(values, column)
  try {
    enterSealed(commits, table, values, otherwise)
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_CONSTRAINT'))
      throw wrong(`has a row of ${table} that no store can hold (${messageOf(error)})`)
    throw error
  }
}

function expectPlain(values: Row, column: string): void {
  const value = values[column]
  if (typeof value === 'string' || typeof value === 'number' || value === null) return
  throw wrong(`has a row without ${column}`)
}

/** Reads all that was entered, which must be what this program would have written. */
function readable(store: Store, id: string): void {
  try {
    store.run(id)
    for (const { key } of store.runStages(id)) {
      store.artifacts(key)
      store.shards(key)
      store.metrics(key)
      store.predictor(key)
      store.iterations(key)
    }
  } catch (error) {
    throw wrong(`has a row that this program does not write (${messageOf(error)})`)
  }
}

function wrong(what: string): EpdError {
  return new EpdError('archive-invalid', what)
}
