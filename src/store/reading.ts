import { EpdError } from '../errors.js'
import { guarded } from './failures.js'
import { hasObject, isWhole, objectPath, readObject } from './objects.js'
import { query } from './query.js'
import {
  isRow,
  number,
  text,
  toArtifact,
  toImported,
  toIteration,
  toMetric,
  toPredictor,
  toRun,
  toShard,
  toStage,
  type Row
} from './rows.js'
import { readResults } from './results.js'
import { checkStage, DamagedRow, intact, type SealedName } from './seals.js'
import type { Database } from './sqlite.js'
import type { Store } from './access.js'

export function reading(root: string, file: string, database: Database): Store {
  const rows = (sql: string, ...values: unknown[]): Row[] =>
    guarded(file, () =>
      database
        .prepare(sql)
        .all(...values)
        .filter(isRow)
    )
  /** Rows that are what was written; `rest` says which, and in what order. */
  const all = <T>(read: (row: Row) => T, table: SealedName, rest: string, ...values: unknown[]): T[] =>
    rows(`SELECT * FROM ${table} ${rest}`, ...values).map(row => guarded(file, () => read(intact(file, table, row))))
  const NEWEST = 'ORDER BY updated DESC, rowid DESC'
  const runs = () => all(toRun, 'runs', NEWEST)
  const stage = (key: string) => all(toStage, 'stages', 'WHERE key = ?', key).at(0)
  const artifacts = (key: string, name?: string) =>
    all(
      ...([
        toArtifact,
        'artifacts',
        'WHERE stage_key = ? AND name = coalesce(?, name) ORDER BY name, position'
      ] as const),
      ...[key, name ?? null]
    )
  const runStages = (runId: string) =>
    all(
      row => ({ position: number(row, 'position'), name: text(row, 'name'), key: text(row, 'stage_key') }),
      ...(['run_stages', 'WHERE run_id = ? ORDER BY position', runId] as const)
    )
  /** What of a stage's rows is not what was written. */
  const damagedRow = (key: string) => {
    try {
      guarded(file, () => {
        checkStage(database, file, key)
      })
      return undefined
    } catch (error) {
      if (error instanceof DamagedRow) return error.what
      throw error
    }
  }
  /** @throws DamagedRow unless all that a run's results are made of is what was written */
  const checkRun = (id: string) => {
    for (const { key } of runStages(id))
      guarded(file, () => {
        checkStage(database, file, key)
      })
  }
  return {
    root,
    runs,
    run(idOrName) {
      const known = rows(`SELECT id, name FROM runs ${NEWEST}`).map(row => ({
        id: text(row, 'id'),
        name: text(row, 'name')
      }))
      return all(toRun, 'runs', 'WHERE id = ?', findRun(known, idOrName, root))[0]
    },
    runStages: runId => runStages(runId).map(row => ({ ...row, stage: stage(row.key) ?? null })),
    stage,
    artifacts,
    artifactPath: artifact => objectPath(root, artifact),
    readArtifact: artifact => guarded(objectPath(root, artifact), () => readObject(root, artifact)),
    damageOf(key) {
      const row = damagedRow(key)
      if (row !== undefined) return row
      const file = artifacts(key).find(artifact => !isWhole(root, artifact))
      return file && objectPath(root, file)
    },
    isComplete: key =>
      damagedRow(key) === undefined &&
      stage(key)?.status === 'finished' &&
      artifacts(key).every(artifact => hasObject(root, artifact)),
    shards: key => all(toShard, 'shards', 'WHERE stage_key = ? ORDER BY position', key),
    metrics: key => all(toMetric, 'metrics', 'WHERE stage_key = ? ORDER BY rowid', key),
    predictor: key => all(toPredictor, 'predictors', 'WHERE stage_key = ?', key).at(0),
    predictors: () =>
      all(
        row => ({ ...toPredictor(row), key: text(row, 'stage_key') }),
        ...(['predictors', 'ORDER BY validation_loss, loss'] as const)
      ),
    importedPredictors: () => all(toImported, 'imported_predictors', 'ORDER BY imported, name'),
    importedPredictor: name => all(toImported, 'imported_predictors', 'WHERE name = ?', name).at(0),
    iterations: key => all(toIteration, 'iterations', 'WHERE stage_key = ? ORDER BY iteration', key),
    results(runId) {
      const ids = runId === undefined ? runs().map(({ id }) => id) : [runId]
      ids.forEach(checkRun)
      return guarded(file, () => readResults(database, runId))
    },
    query: sql => query(file, sql),
    close: () => database.close()
  }
}

interface NamedRun {
  readonly id: string
  readonly name: string
}

/** The id by id, else the newest of a name, else by the beginning of the one id that has it. */
function findRun(runs: readonly NamedRun[], wanted: string, root: string): string {
  const exact = runs.find(({ id }) => id === wanted) ?? runs.find(({ name }) => name === wanted)
  const begun = runs.filter(({ id }) => id.startsWith(wanted))
  const found = exact ?? (begun.length === 1 ? begun[0] : undefined)
  if (found) return found.id
  if (begun.length > 1)
    throw new EpdError('not-found', `several runs in ${root} begin with "${wanted}": name one of ${listed(begun)}`)
  const wayOut = runs.length > 0 ? `the newest are ${listed(runs)}` : 'there are none yet'
  throw new EpdError('not-found', `no run "${wanted}" in ${root}: ${wayOut}`)
}

function listed(runs: readonly NamedRun[]): string {
  return runs
    .slice(0, 5)
    .map(({ id }) => id)
    .join(', ')
}
