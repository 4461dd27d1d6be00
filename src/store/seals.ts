import { digestOfBytes } from '../files/digest.js'
import { prepared, type Database } from './sqlite.js'
import { EpdError, type ErrorDetails } from '../errors.js'
import { isRow, text, type Row } from './rows.js'

/** A table whose rows carry a digest over their columns, so that one that has changed is told from what was written. */
interface SealedTable {
  readonly columns: readonly string[]
  /** What a row is, for people. */
  readonly about: (row: Row) => string
  /** How it is had anew: words, or what the caller has means for. */
  readonly wayOut: (row: Row) => Anew
}

type Anew = string | Pick<ErrorDetails, 'subject' | 'wayOut'>

const shown = (row: Row, column: string) => String(row[column])
const ofStage = (what: string, column?: string) => (row: Row) =>
  `${what}${column === undefined ? '' : ` ${shown(row, column)}`} of stage ${shown(row, 'stage_key').slice(0, 12)}`
const ANEW = 'run its experiment again to have the stage computed anew'
const anew = () => ANEW

/** A table of what a stage leaves, by its key in `stage_key`. */
export type ContentTable = 'artifacts' | 'shards' | 'metrics' | 'predictors' | 'iterations'

/** A table whose rows are sealed: of what stages leave, or of what runs and stages are. */
export type SealedName =
  ContentTable | ('runs' | 'run_stages' | 'run_tags' | 'run_notes' | 'stages' | 'imported_predictors')

/** A row that is what was written. */
export interface CheckedRow {
  readonly table: ContentTable
  readonly row: Readonly<Record<string, unknown>>
}

/** All tables of what a stage leaves. */
export const CONTENT_TABLES: readonly ContentTable[] = ['artifacts', 'shards', 'metrics', 'predictors', 'iterations']

const TABLES: readonly SealedName[] = [
  ...CONTENT_TABLES,
  ...(['runs', 'run_stages', 'run_tags', 'run_notes', 'stages', 'imported_predictors'] as const)
]

const SEALED: Readonly<Record<SealedName, SealedTable>> = {
  artifacts: {
    columns: ['stage_key', 'name', 'position', 'digest', 'extension', 'media_type', 'size'],
    ...{ about: ofStage('the file', 'name'), wayOut: anew }
  },
  shards: {
    columns: ['stage_key', 'position', 'seeds', 'nfe', 'evaluations'],
    ...{ about: ofStage('shard', 'position'), wayOut: anew }
  },
  metrics: {
    columns: ['stage_key', 'samples_key', 'name', 'value', 'count', 'details'],
    ...{ about: ofStage('the metric', 'name'), wayOut: anew }
  },
  predictors: {
    columns: ['stage_key', 'predictor', 'sigmas', 'loss', 'validation_loss', 'evaluations'],
    ...{ about: ofStage('the predictor'), wayOut: anew }
  },
  iterations: {
    columns: [
      ...['stage_key', 'iteration', 'phase', 'step', 'loss', 'validation_loss', 'evaluations', 'accepted', 'damping'],
      'state'
    ],
    ...{ about: ofStage('iteration', 'iteration'), wayOut: anew }
  },
  runs: {
    columns: [
      ...['id', 'name', 'description', 'file', 'spec', 'overrides', 'allow_mismatch', 'status', 'error', 'created'],
      ...['updated', 'finished']
    ],
    about: row => `the run ${shown(row, 'id')}`,
    wayOut: row => `run ${shown(row, 'file')} again to have it written anew, or delete the row from the table runs`
  },
  run_stages: {
    columns: ['run_id', 'position', 'name', 'stage_key'],
    about: row => `the stage ${shown(row, 'name')} of run ${shown(row, 'run_id')}`,
    wayOut: () => 'run its experiment again to have it written anew'
  },
  run_tags: {
    columns: ['run_id', 'tag'],
    about: row => `the tag ${shown(row, 'tag')} of run ${shown(row, 'run_id')}`,
    wayOut: () => 'take it off and give it again'
  },
  run_notes: {
    columns: ['run_id', 'note'],
    about: row => `the note of run ${shown(row, 'run_id')}`,
    wayOut: () => 'write it again'
  },
  stages: {
    columns: [
      ...['key', 'kind', 'params', 'status', 'nfe', 'evaluations', 'seconds', 'provenance', 'started', 'finished'],
      'contents'
    ],
    about: row => `the stage ${shown(row, 'key').slice(0, 12)}`,
    wayOut: anew
  },
  imported_predictors: {
    columns: ['name', 'record', 'source', 'imported'],
    about: row => `the imported predictor ${shown(row, 'name')}`,
    wayOut: row => ({ wayOut: 'import-again', subject: shown(row, 'source') })
  }
}

/** The columns of a table that its rows are sealed over: all but the seal. */
export function sealedColumns(table: SealedName): readonly string[] {
  return SEALED[table].columns
}

/** A row, or what a stage has left, that is not what was written. */
export class DamagedRow extends EpdError {
  constructor(
    file: string,
    readonly what: string,
    wayOut: Anew
  ) {
    const told = typeof wayOut === 'string'
    super(
      'store-corrupt',
      `${file}: ${what} is not what was written${told ? `; ${wayOut}` : ''}`,
      told ? undefined : wayOut
    )
  }
}

/** Whether a check finds a row that is not what was written. */
export function isDamaged(check: () => void): boolean {
  try {
    check()
    return false
  } catch (error) {
    if (error instanceof DamagedRow) return true
    throw error
  }
}

/** SHA-256 over values of a row. */
function digestOfValues(values: readonly unknown[]): string {
  return digestOfBytes(JSON.stringify(values.map(value => (typeof value === 'number' ? [String(value)] : value))))
}

/** Makes `row_seal(values...)` known to a connection's SQL. */
export function defineSeal(database: Database): void {
  database.function('row_seal', { varargs: true, deterministic: true }, (...values: unknown[]) =>
    digestOfValues(values)
  )
}

/** SQL for the digest over all that a stage has left, by a SQL expression for its key. */
export function contentsOf(key: string): string {
  const seals = CONTENT_TABLES.map(table => `SELECT seal FROM ${table} WHERE stage_key = ${key}`)
  return `(SELECT row_seal(group_concat(seal, ' ')) FROM (${seals.join(' UNION ALL ')} ORDER BY seal))`
}

/** A row of these values by its columns, with its seal. What else the values have is left out. */
export function sealedRow(table: SealedName, values: Row): Row {
  const columns = sealedColumns(table)
  const seal = digestOfValues([table, ...columns.map(column => values[column])])
  return { ...Object.fromEntries(columns.map(column => [column, values[column]])), seal }
}

/** Enters a row of these values by its columns, sealed. What else the values have is left out. */
export function enterSealed(writes: Entering, table: SealedName, values: Row, otherwise: Otherwise): void {
  enterIntact(writes, table, sealedRow(table, values), otherwise)
}

interface Entering {
  readonly run: (sql: string, ...values: unknown[]) => unknown
}

type Otherwise = 'ABORT' | 'IGNORE' | 'REPLACE'

/** Enters a row whose seal was checked already. */
export function enterIntact({ run }: Entering, table: SealedName, row: Row, otherwise: Otherwise): void {
  const columns = [...sealedColumns(table), 'seal']
  run(
    `INSERT OR ${otherwise} INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    ...columns.map(column => row[column])
  )
}

/** Seals the rows of a table that meet a condition. */
export function seal(database: Database, table: SealedName, condition: string, ...values: unknown[]): void {
  const { columns } = SEALED[table]
  database
    .prepare(`UPDATE ${table} SET seal = row_seal('${table}', ${columns.join(', ')}) WHERE ${condition}`)
    .run(...values)
}

/** The row itself. @throws DamagedRow unless it is what was written */
export function intact(file: string, table: SealedName, row: Row): Row {
  const { columns, about, wayOut } = SEALED[table]
  const digest = digestOfValues([table, ...columns.map(column => row[column])])
  if (digest === row.seal) return row
  throw new DamagedRow(file, about(row), wayOut(row))
}

/** @throws DamagedRow unless all rows of a stage are what was written, and none is missing or too many */
export function checkStage(database: Database, file: string, key: string): void {
  for (const table of CONTENT_TABLES) checkRows(database, file, table, 'WHERE stage_key = ?', key)
  const stage = prepared(database, 'SELECT * FROM stages WHERE key = ?').get(key)
  if (!isRow(stage)) return
  intact(file, 'stages', stage)
  if (text(stage, 'status') !== 'finished') return
  const contents: unknown = prepared(database, `SELECT ${contentsOf('?1')}`)
    .pluck()
    .get({ 1: key })
  if (contents !== stage.contents) throw new DamagedRow(file, `what the stage ${key.slice(0, 12)} has left`, ANEW)
}

/** @throws DamagedRow unless the row of a run, if there is one, is what was written */
export function checkRun(database: Database, file: string, id: string): void {
  checkRows(database, file, 'runs', 'WHERE id = ?', id)
}

/** @throws DamagedRow unless the rows of a table are what was written */
export function checkRows(database: Database, file: string, table: SealedName, where = '', ...values: unknown[]): void {
  const statement = prepared(database, `SELECT * FROM ${table} ${where}`)
  for (const row of statement.iterate(...values)) if (isRow(row)) intact(file, table, row)
}

/** What the view `results` is made of. */
const RESULTS: readonly SealedName[] = ['runs', 'run_stages', 'stages', 'shards', 'metrics']

/** @throws DamagedRow unless the rows of all tables that a statement names are what was written */
export function checkNamed(database: Database, file: string, sql: string): void {
  const names = TABLES.filter(table => isNamed(table, sql) || (isNamed('results', sql) && RESULTS.includes(table)))
  for (const table of names) checkRows(database, file, table)
}

function isNamed(table: string, sql: string): boolean {
  return new RegExp(`\\b${table}\\b`, 'i').test(sql)
}
