import { EpdError } from '../errors.js'
import { guarded } from './failures.js'
import { hasObject, objectPath, readObject } from './objects.js'
import { query } from './query.js'
import type { Run } from './records.js'
import {
  isRow,
  json,
  number,
  text,
  toArtifact,
  toIteration,
  toMetric,
  toPredictor,
  toResult,
  toRun,
  toShard,
  toStage,
  type Row
} from './rows.js'
import type { Database } from './sqlite.js'
import type { Store } from './store.js'

export function reading(root: string, file: string, database: Database): Store {
  const all = <T>(read: (row: Row) => T, sql: string, ...values: unknown[]): T[] =>
    guarded(file, () =>
      database
        .prepare(sql)
        .all(...values)
        .filter(isRow)
        .map(read)
    )
  const runs = () => all(toRun, 'SELECT * FROM runs ORDER BY updated DESC, rowid DESC')
  const stage = (key: string) => all(toStage, 'SELECT * FROM stages WHERE key = ?', key).at(0)
  const artifacts = (key: string, name?: string) =>
    all(
      toArtifact,
      'SELECT * FROM artifacts WHERE stage_key = ? AND name = coalesce(?, name) ORDER BY name, position',
      key,
      name ?? null
    )
  return {
    root,
    runs,
    run: idOrName => findRun(runs(), idOrName, root),
    runStages: runId =>
      all(
        row => ({ position: number(row, 'position'), name: text(row, 'name'), key: text(row, 'stage_key') }),
        'SELECT * FROM run_stages WHERE run_id = ? ORDER BY position',
        runId
      ).map(row => ({ ...row, stage: stage(row.key) ?? null })),
    stage,
    artifacts,
    artifactPath: artifact => objectPath(root, artifact),
    readArtifact: artifact => guarded(objectPath(root, artifact), () => readObject(root, artifact)),
    isComplete: key => stage(key)?.status === 'finished' && artifacts(key).every(artifact => hasObject(root, artifact)),
    shards: key => all(toShard, 'SELECT * FROM shards WHERE stage_key = ? ORDER BY position', key),
    metrics: key => all(toMetric, 'SELECT * FROM metrics WHERE stage_key = ? ORDER BY rowid', key),
    predictor: key => all(toPredictor, 'SELECT * FROM predictors WHERE stage_key = ?', key).at(0),
    predictors: () =>
      all(
        row => ({ ...toPredictor(row), key: text(row, 'stage_key') }),
        'SELECT * FROM predictors ORDER BY validation_loss, loss'
      ),
    importedPredictors: () =>
      all(
        row => ({ name: text(row, 'name'), record: json(row, 'record'), source: text(row, 'source') }),
        'SELECT * FROM imported_predictors ORDER BY imported, name'
      ),
    iterations: key => all(toIteration, 'SELECT * FROM iterations WHERE stage_key = ? ORDER BY iteration', key),
    results: () => all(toResult, 'SELECT * FROM results'),
    query: sql => query(file, sql),
    close: () => database.close()
  }
}

/** By id, else the newest of a name, else by the beginning of the one id that has it. */
function findRun(runs: readonly Run[], wanted: string, root: string): Run {
  const exact = runs.find(({ id }) => id === wanted) ?? runs.find(({ name }) => name === wanted)
  const begun = runs.filter(({ id }) => id.startsWith(wanted))
  const found = exact ?? (begun.length === 1 ? begun[0] : undefined)
  if (found) return found
  if (begun.length > 1)
    throw new EpdError('not-found', `several runs in ${root} begin with "${wanted}": name one of ${listed(begun)}`)
  const wayOut = runs.length > 0 ? `the newest are ${listed(runs)}` : 'there are none yet'
  throw new EpdError('not-found', `no run "${wanted}" in ${root}: ${wayOut}`)
}

function listed(runs: readonly Run[]): string {
  return runs
    .slice(0, 5)
    .map(({ id }) => id)
    .join(', ')
}
