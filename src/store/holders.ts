import type { ProcessIdentity } from '../files/processes.js'
import { isRow, number, text, textOrNull, type Row } from './rows.js'
import { prepared, type Database } from './sqlite.js'

/** A process that holds a piece of work, as the table `claims` has it. */
export interface Holder extends ProcessIdentity {
  readonly name: string
  readonly holder: string
  readonly host: string
  /** Milliseconds since 1970, by the holder's clock. */
  readonly heartbeat: number
  /** How far the work has come, as JSON; null where its holder does not say. */
  readonly progress: string | null
}

export function holderOf(database: Database, name: string): Holder | undefined {
  const row = prepared(database, 'SELECT * FROM claims WHERE name = ?').get(name)
  return isRow(row) ? toHolder(row) : undefined
}

export function allHolders(database: Database): Holder[] {
  return database.prepare('SELECT * FROM claims').all().filter(isRow).map(toHolder)
}

function toHolder(row: Row): Holder {
  return {
    name: text(row, 'name'),
    holder: text(row, 'holder'),
    host: text(row, 'host'),
    machine: text(row, 'machine'),
    pid: number(row, 'pid'),
    began: text(row, 'began'),
    heartbeat: number(row, 'heartbeat'),
    progress: textOrNull(row, 'progress')
  }
}
