import type { Claim } from './claims.js'
import { guarded } from './failures.js'
import type { Held } from '../files/held.js'
import { checkRun, checkStage, seal, type SealedName } from './seals.js'
import { prepared, type Database } from './sqlite.js'

/** What every change of a store is made with. */
export interface Commits {
  /** The folder of the store, and the file of its database. */
  readonly root: string
  readonly file: string
  readonly database: Database
  readonly run: (sql: string, ...values: unknown[]) => { readonly changes: number }
  /** Commits all of the work or nothing; within another transaction, the work is a part of that. */
  readonly transaction: <T>(work: () => T) => T
  /** Commits all of the work or nothing, and only while the claim is held. */
  readonly commit: (claimed: Claim, work: () => void) => void
  /** Seals the rows of a table that a condition chooses. */
  readonly sealed: (table: SealedName, condition: string, ...values: unknown[]) => void
  /** Changes the row of a stage, which must be what was written: a change never makes good what was damaged. */
  readonly updateStage: (claimed: Claim, update: () => void) => void
  /** Changes the row of a run, which must be what was written. */
  readonly updateRun: (id: string, update: () => void) => void
}

export function commitsOf({
  root,
  file,
  database,
  held
}: Pick<Commits, 'root' | 'file' | 'database'> & { readonly held: Held }): Commits {
  const transaction = <T>(work: () => T): T =>
    guarded(file, () => {
      const whole = database.transaction(() => {
        const result = work()
        held.check()
        return result
      })
      return whole.immediate()
    })
  const commit = (claimed: Claim, work: () => void) => {
    transaction(() => {
      claimed.check()
      work()
    })
  }
  const sealed = (table: SealedName, condition: string, ...values: unknown[]) => {
    seal(database, table, condition, ...values)
  }
  return {
    root,
    file,
    database,
    run: (sql, ...values) => prepared(database, sql).run(...values),
    transaction,
    commit,
    sealed,
    updateStage(claimed, update) {
      commit(claimed, () => {
        checkStage(database, file, claimed.name)
        update()
        sealed('stages', 'key = ?', claimed.name)
      })
    },
    updateRun(id, update) {
      transaction(() => {
        checkRun(database, file, id)
        update()
        sealed('runs', 'id = ?', id)
      })
    }
  }
}

/** The time of a row, as ISO 8601 in UTC. */
export function now(): string {
  return new Date().toISOString()
}
