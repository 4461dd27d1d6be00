import { EpdError } from '../errors.js'
import { guarded } from './failures.js'
import { hasObject, isWhole, objectPath, readObject } from './objects.js'
import { attended, standing, workersOn } from './presence.js'
import { query, queryRows } from './query.js'
import type { FoundRun, Run } from './records.js'
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
import { recordsOf } from './run-records.js'
import { checkStage, DamagedRow, intact, type SealedName } from './seals.js'
import { prepared, type Database } from './sqlite.js'
import { findUnused } from './unused.js'
import { contentsIn } from './transfer.js'
import type { Store } from './access.js'

/** Reads the rows of a database, which must be what was written. */
interface Rows {
  readonly root: string
  readonly file: string
  readonly database: Database
  /** Rows as they are. */
  readonly rows: (sql: string, ...values: unknown[]) => Row[]
  /** Rows that are what was written; `rest` says which, and in what order. */
  readonly all: <T>(read: (row: Row) => T, table: SealedName, rest: string, ...values: unknown[]) => T[]
}

/** Read access to the store in a folder, whose database this is. */
export function reading(root: string, file: string, database: Database): Store {
  const rows: Rows['rows'] = (sql, ...values) =>
    guarded(file, () =>
      prepared(database, sql)
        .all(...values)
        .filter(isRow)
    )
  const access: Rows = {
    root,
    file,
    database,
    rows,
    all: (read, table, rest, ...values) =>
      rows(`SELECT * FROM ${table} ${rest}`, ...values).map(row => guarded(file, () => read(intact(file, table, row))))
  }
  return {
    root,
    ...runReads(access),
    ...stageReads(access),
    ...learnedReads(access),
    contents: (key, position) => contentsIn(database, file, key, position),
    query: sql => query(file, sql),
    queryRows: sql => queryRows(file, sql),
    records: runId => guarded(file, () => recordsOf(file, database, runId)),
    unused: () => guarded(file, () => findUnused(root, file, database)),
    changes: () => guarded(file, () => Number(database.pragma('data_version', { simple: true }))),
    close: () => database.close()
  }
}

/** SQL for the bytes of files by run; one that several stages of a run have left is counted once. */
function bytesOf(where: string): string {
  return `SELECT run_id, sum(size) AS bytes FROM (
    SELECT DISTINCT run_id, digest, extension, size FROM run_stages JOIN artifacts USING (stage_key) ${where}
  ) GROUP BY run_id`
}

/** SQL for how many stages each run has, and how many of them are finished. */
function countsOf(where: string): string {
  return `SELECT run_id, count(*) AS stages, count(stages.key) AS finished
  FROM run_stages LEFT JOIN stages ON stages.key = stage_key AND stages.status = 'finished' ${where} GROUP BY run_id`
}

const NOBODY: ReadonlySet<string> = new Set()

const NEWEST = 'ORDER BY updated DESC, rowid DESC'

function runReads(
  access: Rows
): Pick<Store, 'runs' | 'overviews' | 'find' | 'run' | 'workers' | 'runStages' | 'results'> {
  const { root, file, database, rows, all } = access
  const labelled = labelReads(access)
  const standings = (found: readonly Run[]) => {
    const alive = found.some(({ status }) => status === 'running') ? guarded(file, () => attended(database)) : NOBODY
    return found.map(run => standing(run, alive))
  }
  const runs = () => standings(labelled(all(toRun, 'runs', NEWEST)))
  const find = (idOrName: string) => {
    const known = rows(`SELECT id, name FROM runs ${NEWEST}`)
    return findRun(
      known.map(row => ({ id: text(row, 'id'), name: text(row, 'name') })),
      idOrName,
      root
    )
  }
  const stagesOf = (runId: string) =>
    all(
      row => ({ position: number(row, 'position'), name: text(row, 'name'), key: text(row, 'stage_key') }),
      ...(['run_stages', 'WHERE run_id = ? ORDER BY position', runId] as const)
    )
  return {
    runs,
    overviews(among) {
      const known = among ?? runs()
      const ids = among ? [JSON.stringify(among.map(({ id }) => id))] : []
      const which = among ? 'WHERE run_id IN (SELECT value FROM json_each(?))' : ''
      const counted = new Map(rows(countsOf(which), ...ids).map(row => [text(row, 'run_id'), row]))
      const sizes = new Map(rows(bytesOf(which), ...ids).map(row => [text(row, 'run_id'), number(row, 'bytes')]))
      return known.map(run => {
        const row = counted.get(run.id)
        const counts = { stages: row ? number(row, 'stages') : 0, finished: row ? number(row, 'finished') : 0 }
        return { run, ...counts, bytes: sizes.get(run.id) ?? 0 }
      })
    },
    find,
    run: idOrName => standings(labelled(all(toRun, 'runs', 'WHERE id = ?', find(idOrName).id), 'WHERE run_id = ?'))[0],
    workers: runId => guarded(file, () => workersOn(database, runId)),
    runStages: runId => stagesOf(runId).map(row => ({ ...row, stage: stageOf(access, row.key) ?? null })),
    results(runId) {
      const ids = runId === undefined ? runs().map(({ id }) => id) : [runId]
      for (const { key } of ids.flatMap(stagesOf))
        guarded(file, () => {
          checkStage(database, file, key)
        })
      return guarded(file, () => readResults(database, runId))
    }
  }
}

/** Puts to runs what people have noted of them: of all runs, or of the only one. */
function labelReads({ all }: Rows) {
  return (runs: readonly Omit<Run, 'tags' | 'note'>[], where = ''): Run[] => {
    const ids = where === '' ? [] : runs.map(({ id }) => id)
    const of = (column: string) => (row: Row) => [text(row, 'run_id'), text(row, column)] as const
    const tags = all(of('tag'), 'run_tags', `${where} ORDER BY run_id, tag`, ...ids)
    const notes = new Map(all(of('note'), 'run_notes', where, ...ids))
    const tagsOf = new Map<string, string[]>()
    for (const [id, tag] of tags) tagsOf.set(id, [...(tagsOf.get(id) ?? []), tag])
    return runs.map(run => ({ ...run, tags: tagsOf.get(run.id) ?? [], note: notes.get(run.id) ?? '' }))
  }
}

function stageOf({ all }: Rows, key: string) {
  return all(toStage, 'stages', 'WHERE key = ?', key).at(0)
}

type StageReads = Pick<
  Store,
  'stage' | 'artifacts' | 'artifactPath' | 'readArtifact' | 'damageOf' | 'isBegun' | 'isComplete' | 'shards' | 'metrics'
>

function stageReads(access: Rows): StageReads {
  const { root, rows, all } = access
  const artifacts = (key: string, name?: string) =>
    all(
      ...([
        toArtifact,
        'artifacts',
        'WHERE stage_key = ? AND name = coalesce(?, name) ORDER BY name, position'
      ] as const),
      ...[key, name ?? null]
    )
  return {
    stage: key => stageOf(access, key),
    artifacts,
    artifactPath: artifact => objectPath(root, artifact),
    readArtifact: artifact => guarded(objectPath(root, artifact), () => readObject(root, artifact)),
    damageOf(key) {
      const row = damagedRow(access, key)
      if (row !== undefined) return row
      const damaged = artifacts(key).find(artifact => !isWhole(root, artifact))
      return damaged && objectPath(root, damaged)
    },
    isBegun: key => rows('SELECT 1 FROM stages WHERE key = ?', key).length > 0,
    isComplete: key =>
      rows('SELECT status FROM stages WHERE key = ?', key).at(0)?.status === 'finished' &&
      damagedRow(access, key) === undefined &&
      artifacts(key).every(artifact => hasObject(root, artifact)),
    shards: key => all(toShard, 'shards', 'WHERE stage_key = ? ORDER BY position', key),
    metrics: key => all(toMetric, 'metrics', 'WHERE stage_key = ? ORDER BY rowid', key)
  }
}

/** The first row of a stage that is not what was written, for people. */
function damagedRow({ file, database }: Rows, key: string): string | undefined {
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

type LearnedReads = Pick<Store, 'predictor' | 'predictors' | 'importedPredictors' | 'importedPredictor' | 'iterations'>

function learnedReads({ all }: Rows): LearnedReads {
  return {
    predictor: key => all(toPredictor, 'predictors', 'WHERE stage_key = ?', key).at(0),
    predictors: () =>
      all(
        row => ({ ...toPredictor(row), key: text(row, 'stage_key') }),
        ...(['predictors', 'ORDER BY validation_loss, loss'] as const)
      ),
    importedPredictors: () => all(toImported, 'imported_predictors', 'ORDER BY imported, name'),
    importedPredictor: name => all(toImported, 'imported_predictors', 'WHERE name = ?', name).at(0),
    iterations: key => all(toIteration, 'iterations', 'WHERE stage_key = ? ORDER BY iteration', key)
  }
}

interface NamedRun {
  readonly id: string
  readonly name: string
}

/** The run by its id, else the newest of a name, else by the beginning of the one id that has it. */
function findRun(runs: readonly NamedRun[], wanted: string, root: string): FoundRun {
  if (runs.some(({ id }) => id === wanted)) return { id: wanted, others: [] }
  const named = runs.filter(({ name }) => name === wanted).map(({ id }) => id)
  if (named.length > 0) return { id: named[0], others: named.slice(1) }
  const begun = runs.filter(({ id }) => id.startsWith(wanted))
  if (begun.length === 1) return { id: begun[0].id, others: [] }
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
