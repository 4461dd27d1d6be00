import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { EpdError } from '../errors.js'
import { claim, type Claim } from './claims.js'
import { hasObject, objectPath, readObject, removeAbandoned, writeObject, type StoredObject } from './objects.js'
import { checkVersion, migrate } from './schema.js'

export type { Claim } from './claims.js'
export type { StoredObject } from './objects.js'

export type RunStatus = 'running' | 'finished' | 'interrupted' | 'failed'

export interface Run {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly file: string
  /** The YAML as it was read. */
  readonly spec: string
  /** What --set gave. */
  readonly overrides: readonly string[]
  readonly status: RunStatus
  readonly error: string | null
  readonly created: string
  readonly updated: string
}

export interface RunStage {
  readonly position: number
  readonly name: string
  readonly key: string
  /** null: not begun. */
  readonly stage: StageRow | null
}

export interface StageRow {
  readonly key: string
  readonly kind: string
  readonly params: unknown
  readonly status: 'running' | 'finished'
  readonly nfe: number | null
  readonly evaluations: number | null
  readonly seconds: number
  readonly provenance: unknown
  readonly started: string
  readonly finished: string | null
}

export interface Artifact extends StoredObject {
  readonly name: string
  readonly position: number
  readonly mediaType: string
}

export interface ShardRow {
  readonly position: number
  readonly seeds: readonly number[]
  readonly nfe?: number
  readonly evaluations: number
}

export interface Metric {
  readonly samplesKey: string
  readonly name: string
  readonly value: number
  readonly count: number
  readonly details: unknown
}

export interface PredictorRow {
  readonly predictor: unknown
  readonly sigmas: readonly number[]
  readonly loss: number
  readonly validationLoss: number | null
  readonly evaluations: number
}

export interface IterationRow {
  readonly iteration: number
  readonly phase: string
  readonly step?: number
  readonly loss: number
  readonly validationLoss?: number
  readonly evaluations: number
  readonly accepted?: boolean
  readonly damping?: number
}

export interface QueryResult {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly unknown[])[]
}

/** Read access to what runs have left. */
export interface Store {
  readonly root: string
  /** Newest first. */
  runs(): Run[]
  /** By id, by the beginning of an id, or the newest of an experiment's name. @throws EpdError `not-found` */
  run(idOrName: string): Run
  runStages(runId: string): RunStage[]
  stage(key: string): StageRow | undefined
  artifacts(key: string, name?: string): Artifact[]
  artifactPath(artifact: StoredObject): string
  /** @throws EpdError `store-corrupt` if the file is missing or changed. */
  readArtifact(artifact: StoredObject): Buffer
  /** Whether a stage is finished and all files that it left are still there. */
  isComplete(key: string): boolean
  shards(key: string): ShardRow[]
  metrics(key: string): Metric[]
  predictor(key: string): PredictorRow | undefined
  iterations(key: string): IterationRow[]
  /** One statement of SQL that only reads. @throws EpdError `query-failed` */
  query(sql: string): QueryResult
  close(): void
}

export interface ShardToPut extends ShardRow {
  readonly files: readonly { name: string; data: Uint8Array; extension: string; mediaType: string }[]
}

export interface WritableStore extends Store {
  beginRun(
    run: Pick<Run, 'id' | 'name' | 'description' | 'file' | 'spec' | 'overrides'>,
    stages: readonly { name: string; key: string }[]
  ): void
  endRun(id: string, status: RunStatus, error?: string): void
  claim(name: string): Claim | undefined
  beginStage(claim: Claim, stage: { kind: string; params: unknown; provenance: unknown }): void
  /** Adds the time of an attempt that did not finish the stage. */
  addSeconds(claim: Claim, seconds: number): void
  finishStage(claim: Claim, cost: { nfe?: number; evaluations: number; seconds: number }): void
  /** Drops a stage and all that it left, so that it is computed anew. */
  forgetStage(key: string): void
  putShard(claim: Claim, shard: ShardToPut): void
  putArtifact(claim: Claim, file: { name: string; data: Uint8Array; extension: string; mediaType: string }): void
  putIteration(claim: Claim, row: IterationRow, state: unknown): void
  /** What the newest iteration left to continue from. */
  iterationState(key: string): unknown
  putPredictor(claim: Claim, row: PredictorRow): void
  putMetrics(claim: Claim, metrics: readonly Metric[]): void
}

const FILE = 'store.sqlite'

/**
 * Opens a store to read it.
 * @throws EpdError `not-found` if there is none, `store-version`, `store-corrupt`
 */
export function openStore(dir: string): Store {
  const root = resolve(dir)
  const file = join(root, FILE)
  if (!existsSync(file))
    throw new EpdError(
      'not-found',
      `${root}: no store there; run an experiment first, or name another folder with --store`
    )
  return guarded(file, () => {
    const database = new Database(file, { readonly: true, timeout: 10_000 })
    checkVersion(database, file)
    return reading(root, database)
  })
}

/**
 * Opens a store to work in it; makes it if it is not there.
 * @throws EpdError `store-version`, `store-corrupt`, `store-unwritable`
 */
export function createStore(dir: string): WritableStore {
  const root = resolve(dir)
  const file = join(root, FILE)
  return guarded(file, () => {
    makeFolder(root)
    const database = new Database(file, { timeout: 10_000 })
    database.pragma('journal_mode = WAL')
    database.pragma('synchronous = FULL')
    database.pragma('foreign_keys = ON')
    migrate(database, file)
    removeAbandoned(root)
    return writing(root, file, database)
  })
}

/** mkdir -p; Node's own never ends below a folder such as /proc, which says of every name in it that it is not there. */
function makeFolder(path: string): void {
  if (existsSync(path)) return
  makeFolder(dirname(path))
  mkdirSync(path)
}

function reading(root: string, database: Database.Database): Store {
  const all = <Row>(sql: string, ...values: unknown[]) => database.prepare<unknown[], Row>(sql).all(...values)
  const toRun = (row: RawRun): Run => ({ ...row, overrides: strings(JSON.parse(row.overrides)) })
  const runs = () => all<RawRun>('SELECT * FROM runs ORDER BY updated DESC, rowid DESC').map(toRun)
  const stage = (key: string) => all<RawStage>('SELECT * FROM stages WHERE key = ?', key).map(toStage).at(0)
  const artifacts = (key: string, name?: string) =>
    all<Artifact>(
      `SELECT name, position, digest, extension, size, media_type AS mediaType FROM artifacts
       WHERE stage_key = ? AND name = coalesce(?, name) ORDER BY name, position`,
      key,
      name ?? null
    )
  return {
    root,
    runs,
    run(idOrName) {
      const known = runs()
      const found =
        known.find(({ id }) => id === idOrName) ??
        known.find(({ name }) => name === idOrName) ??
        known.find(({ id }) => id.startsWith(idOrName))
      if (found) return found
      const names = known.slice(0, 5).map(({ id }) => id)
      const wayOut = names.length > 0 ? `the newest are ${names.join(', ')}` : 'there are none yet'
      throw new EpdError('not-found', `no run "${idOrName}" in ${root}: ${wayOut}`)
    },
    runStages: runId =>
      all<{ position: number; name: string; key: string }>(
        'SELECT position, name, stage_key AS key FROM run_stages WHERE run_id = ? ORDER BY position',
        runId
      ).map(row => ({ ...row, stage: stage(row.key) ?? null })),
    stage,
    artifacts,
    isComplete: key => stage(key)?.status === 'finished' && artifacts(key).every(artifact => hasObject(root, artifact)),
    artifactPath: artifact => objectPath(root, artifact),
    readArtifact: artifact => readObject(root, artifact),
    shards: key =>
      all<{ position: number; seeds: string; nfe: number | null; evaluations: number }>(
        'SELECT position, seeds, nfe, evaluations FROM shards WHERE stage_key = ? ORDER BY position',
        key
      ).map(row => ({ ...row, nfe: row.nfe ?? undefined, seeds: numbers(JSON.parse(row.seeds)) })),
    metrics: key =>
      all<Omit<Metric, 'details'> & { details: string }>(
        'SELECT samples_key AS samplesKey, name, value, count, details FROM metrics WHERE stage_key = ? ORDER BY rowid',
        key
      ).map(row => ({ ...row, details: parse(row.details) })),
    predictor: key =>
      all<Omit<PredictorRow, 'predictor' | 'sigmas'> & { predictor: string; sigmas: string }>(
        `SELECT predictor, sigmas, loss, validation_loss AS validationLoss, evaluations FROM predictors WHERE stage_key = ?`,
        key
      )
        .map(row => ({ ...row, predictor: parse(row.predictor), sigmas: numbers(JSON.parse(row.sigmas)) }))
        .at(0),
    iterations: key =>
      all<RawIteration>(
        `SELECT iteration, phase, step, loss, validation_loss AS validationLoss, evaluations, accepted, damping
         FROM iterations WHERE stage_key = ? ORDER BY iteration`,
        key
      ).map(row => ({
        ...row,
        step: row.step ?? undefined,
        validationLoss: row.validationLoss ?? undefined,
        accepted: row.accepted === null ? undefined : row.accepted === 1,
        damping: row.damping ?? undefined
      })),
    query: sql => query(join(root, FILE), sql),
    close: () => database.close()
  }
}

function writing(root: string, file: string, database: Database.Database): WritableStore {
  const run = (sql: string, ...values: unknown[]) => database.prepare(sql).run(...values)
  /** All or nothing, and only while the claim is held. */
  const commit = (claimed: Claim | undefined, work: () => void) => {
    guarded(file, () => {
      database
        .transaction(() => {
          claimed?.check()
          work()
        })
        .immediate()
    })
  }
  const addArtifact = (key: string, name: string, position: number, object: StoredObject, mediaType: string) =>
    run(
      'INSERT OR REPLACE INTO artifacts (stage_key, name, position, digest, extension, media_type, size) VALUES (?, ?, ?, ?, ?, ?, ?)',
      ...[key, name, position, object.digest, object.extension, mediaType, object.size]
    )
  const write = (data: Uint8Array, extension: string) => guarded(file, () => writeObject(root, data, extension))
  const store = reading(root, database)
  return {
    ...store,
    beginRun({ id, name, description, file: specFile, spec, overrides }, stages) {
      const time = now()
      commit(undefined, () => {
        run(
          `INSERT INTO runs (id, name, description, file, spec, overrides, status, created, updated)
           VALUES (?, ?, ?, ?, ?, ?, 'running', ?, ?)
           ON CONFLICT (id) DO UPDATE SET description = excluded.description, file = excluded.file, spec = excluded.spec,
             overrides = excluded.overrides, status = 'running', error = NULL, updated = excluded.updated`,
          ...[id, name, description, specFile, spec, JSON.stringify(overrides), time, time]
        )
        run('DELETE FROM run_stages WHERE run_id = ?', id)
        stages.forEach((stage, position) => {
          run(
            'INSERT INTO run_stages (run_id, position, name, stage_key) VALUES (?, ?, ?, ?)',
            id,
            position,
            stage.name,
            stage.key
          )
        })
      })
    },
    endRun(id, status, error) {
      commit(undefined, () => {
        run('UPDATE runs SET status = ?, error = ?, updated = ? WHERE id = ?', status, error ?? null, now(), id)
      })
    },
    claim: name => guarded(file, () => claim(database, name)),
    beginStage(claimed, { kind, params, provenance }) {
      commit(claimed, () => {
        run(
          `INSERT INTO stages (key, kind, params, status, provenance, started) VALUES (?, ?, ?, 'running', ?, ?)
           ON CONFLICT (key) DO NOTHING`,
          ...[claimed.name, kind, JSON.stringify(params), JSON.stringify(provenance), now()]
        )
      })
    },
    addSeconds(claimed, seconds) {
      commit(claimed, () => {
        run('UPDATE stages SET seconds = seconds + ? WHERE key = ?', seconds, claimed.name)
      })
    },
    finishStage(claimed, { nfe, evaluations, seconds }) {
      commit(claimed, () => {
        run(
          `UPDATE stages SET status = 'finished', nfe = ?, evaluations = ?, seconds = seconds + ?, finished = ? WHERE key = ?`,
          ...[nfe ?? null, evaluations, seconds, now(), claimed.name]
        )
      })
    },
    forgetStage(key) {
      commit(undefined, () => {
        run('DELETE FROM stages WHERE key = ?', key)
      })
    },
    putShard(claimed, { position, seeds, nfe, evaluations, files }) {
      const objects = files.map(one => ({ ...one, object: write(one.data, one.extension) }))
      commit(claimed, () => {
        for (const { name, object, mediaType } of objects) addArtifact(claimed.name, name, position, object, mediaType)
        run(
          'INSERT INTO shards (stage_key, position, seeds, nfe, evaluations) VALUES (?, ?, ?, ?, ?)',
          ...[claimed.name, position, JSON.stringify(seeds), nfe ?? null, evaluations]
        )
      })
    },
    putArtifact(claimed, { name, data, extension, mediaType }) {
      const object = write(data, extension)
      commit(claimed, () => {
        addArtifact(claimed.name, name, 0, object, mediaType)
      })
    },
    putIteration(claimed, row, state) {
      commit(claimed, () => {
        run(`UPDATE iterations SET state = 'null' WHERE stage_key = ?`, claimed.name)
        run(
          `INSERT INTO iterations (stage_key, iteration, phase, step, loss, validation_loss, evaluations, accepted, damping, state)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          ...[claimed.name, row.iteration, row.phase, row.step ?? null, row.loss, row.validationLoss ?? null],
          ...[
            row.evaluations,
            row.accepted === undefined ? null : Number(row.accepted),
            row.damping ?? null,
            JSON.stringify(state)
          ]
        )
      })
    },
    iterationState(key) {
      const row = database
        .prepare<[string], { state: string }>(
          'SELECT state FROM iterations WHERE stage_key = ? ORDER BY iteration DESC LIMIT 1'
        )
        .get(key)
      return row && parse(row.state)
    },
    putPredictor(claimed, { predictor, sigmas, loss, validationLoss, evaluations }) {
      commit(claimed, () => {
        run(
          'INSERT OR REPLACE INTO predictors (stage_key, predictor, sigmas, loss, validation_loss, evaluations) VALUES (?, ?, ?, ?, ?, ?)',
          ...[claimed.name, JSON.stringify(predictor), JSON.stringify(sigmas), loss, validationLoss, evaluations]
        )
      })
    },
    putMetrics(claimed, metrics) {
      commit(claimed, () => {
        for (const { samplesKey, name, value, count, details } of metrics)
          run(
            'INSERT OR REPLACE INTO metrics (stage_key, samples_key, name, value, count, details) VALUES (?, ?, ?, ?, ?, ?)',
            ...[claimed.name, samplesKey, name, value, count, JSON.stringify(details)]
          )
      })
    }
  }
}

function query(file: string, sql: string): QueryResult {
  const database = new Database(file, { readonly: true, timeout: 10_000 })
  try {
    const statement = database.prepare<[], unknown[]>(sql)
    if (!statement.reader) throw new Error('the statement does not read; the connection is read-only')
    const columns = statement.columns().map(({ name }) => name)
    return { columns, rows: statement.raw().all() }
  } catch (error) {
    throw new EpdError('query-failed', `query: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error
    })
  } finally {
    database.close()
  }
}

/** Runs work on the store, and says plainly what a failure of disk or database means. */
function guarded<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw explained(file, error)
  }
}

function explained(file: string, error: unknown): unknown {
  if (error instanceof EpdError || !(error instanceof Error) || !('code' in error)) return error
  const code = String(error.code)
  const say = (kind: 'store-unwritable' | 'store-corrupt', what: string) =>
    new EpdError(kind, `${file}: ${what}`, { cause: error })
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'SQLITE_FULL')
    return say('store-unwritable', 'the disk is full; free some space and run again, what is done is kept')
  if (
    ['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'SQLITE_CANTOPEN', 'ENOTDIR', 'EEXIST'].includes(code) ||
    code.startsWith('SQLITE_READONLY')
  )
    return say('store-unwritable', `cannot be written (${error.message}); choose another folder with --store`)
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT'))
    return say(
      'store-corrupt',
      'is not a readable SQLite database; move it away, or choose another folder with --store'
    )
  if (code.startsWith('SQLITE_BUSY'))
    return say('store-unwritable', 'another program holds the database locked; close it and run again')
  if (code.startsWith('SQLITE_IOERR'))
    return say(
      'store-unwritable',
      `the disk failed (${error.message}); free some space or choose another folder with --store`
    )
  return error
}

type RawRun = Omit<Run, 'overrides'> & { readonly overrides: string }

type RawStage = Omit<StageRow, 'params' | 'provenance'> & { readonly params: string; readonly provenance: string }

type RawIteration = Omit<IterationRow, 'step' | 'validationLoss' | 'accepted' | 'damping'> & {
  readonly step: number | null
  readonly validationLoss: number | null
  readonly accepted: number | null
  readonly damping: number | null
}

function toStage(row: RawStage): StageRow {
  return { ...row, params: parse(row.params), provenance: parse(row.provenance) }
}

function parse(text: string): unknown {
  return JSON.parse(text)
}

function numbers(value: unknown): number[] {
  return Array.isArray(value) ? value.map(Number) : []
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : []
}

function now(): string {
  return new Date().toISOString()
}
