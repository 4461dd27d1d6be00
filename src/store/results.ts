import { METRICS } from '../metrics/registry.js'
import type { ResultRow } from './records.js'
import { isRow, number, numberOrNull, text, textOrNull, type Row } from './rows.js'
import type { Database } from './sqlite.js'

/**
 * Whether time points were learned: by a distill stage that the samples were made with, or within a predictor that was
 * used by its name.
 */
const LEARNED_STEPS = `(json_type(stages.params, '$.learned.sigmas') IS NOT NULL OR EXISTS (
    SELECT 1 FROM json_each(stages.provenance, '$.inputs') AS input
    JOIN stages AS taught ON taught.key = input.value AND taught.kind = 'distill'
    WHERE json_extract(taught.params, '$.learnSigmas')
  ))`

/** What is known of samples, whatever has scored them: columns of the view, with the SQL that they are made by. */
const SAMPLES = {
  experiment: 'runs.name',
  samples: 'named.name',
  solver: "json_extract(stages.params, '$.solver.name')",
  points: "json_extract(stages.params, '$.solver.points')",
  base: "json_extract(stages.params, '$.solver.base')",
  afs: "json_extract(stages.params, '$.solver.afs')",
  schedule: "json_extract(stages.params, '$.solver.schedule.type')",
  learned_steps: LEARNED_STEPS,
  nfe: 'stages.nfe',
  images: '(SELECT sum(json_array_length(seeds)) FROM shards WHERE stage_key = stages.key)',
  evaluations: 'stages.evaluations',
  score: 'scored.score'
} as const

/** Columns behind the metrics. */
const RUN = { seconds: 'round(stages.seconds, 2)', run: 'runs.id' } as const

/** `scoring`: which of the score stages are looked at. */
const sourceOf = (scoring = '') => `FROM runs
  JOIN run_stages AS named ON named.run_id = runs.id
  JOIN stages ON stages.key = named.stage_key AND stages.kind = 'sample'
  LEFT JOIN (
    SELECT scoring.run_id, scoring.position, scoring.name AS score, samples_key, metrics.name AS metric, value
    FROM metrics JOIN run_stages AS scoring ON scoring.stage_key = metrics.stage_key ${scoring}
  ) AS scored ON scored.run_id = runs.id AND scored.samples_key = stages.key`

const ORDER = 'ORDER BY runs.created, scored.position IS NULL, scored.position, named.position'

/**
 * Makes the view `results` anew if it has no column for one of the metrics: those of the registry, and any other that
 * the store holds. A view is no data, so that this is not a migration.
 */
export function refreshResults(database: Database): void {
  const sql = viewOf(metricNames(database))
  const known: unknown = database
    .prepare("SELECT sql FROM sqlite_schema WHERE type = 'view' AND name = 'results'")
    .pluck()
    .get()
  if (known === sql) return
  database.exec(`DROP VIEW IF EXISTS results; ${sql}`)
}

/**
 * Has a connection that only reads take the view `results` from here, not from the store: nothing tells whether the SQL
 * that stands there is what was written.
 */
export function overlayResults(database: Database): void {
  database.exec(viewOf(metricNames(database), 'TEMP VIEW'))
}

function metricNames(database: Database): string[] {
  const stored = database.prepare('SELECT DISTINCT name FROM metrics ORDER BY name').pluck().all()
  return [...new Set([...METRICS.map(({ name }) => name), ...stored.map(String)])]
}

function viewOf(metrics: readonly string[], what = 'VIEW'): string {
  const values = metrics.map(name => [name.replaceAll('-', '_'), valueOf(name)] as const)
  const columns = { ...SAMPLES, ...Object.fromEntries(values), ...SAMPLES, ...RUN }
  return `CREATE ${what} results AS SELECT
    ${selected(columns)}
  ${sourceOf()}
  GROUP BY runs.id, named.name, scored.score
  ${ORDER}`
}

function selected(columns: Readonly<Record<string, string>>): string {
  return Object.entries(columns)
    .map(([name, sql]) => `${sql} AS "${name.replaceAll('"', '""')}"`)
    .join(',\n    ')
}

function valueOf(metric: string): string {
  return `max(CASE WHEN scored.metric = '${metric.replaceAll("'", "''")}' THEN scored.value END)`
}

/** The samples of all runs, or of one, with what was scored of them. */
export function readResults(database: Database, runId?: string): ResultRow[] {
  const columns = { ...SAMPLES, ...RUN, key: 'stages.key', metric: 'scored.metric', value: 'scored.value' }
  const sql = `SELECT ${selected(columns)}
    ${runId === undefined ? sourceOf() : `${sourceOf('WHERE scoring.run_id = ?')} WHERE runs.id = ?`} ${ORDER}`
  const groups = new Map<string, Row[]>()
  for (const row of database
    .prepare(sql)
    .all(...(runId === undefined ? [] : [runId, runId]))
    .filter(isRow)) {
    const key = JSON.stringify([row.run, row.samples, row.score])
    const group = groups.get(key) ?? []
    group.push(row)
    groups.set(key, group)
  }
  return [...groups.values()].map(toResult)
}

/** Rows of the same samples and the same score stage, one a metric. */
function toResult(rows: readonly Row[]): ResultRow {
  const [row] = rows
  const scored = rows.filter(({ metric }) => metric !== null)
  const afs = numberOrNull(row, 'afs')
  return {
    experiment: text(row, 'experiment'),
    samples: text(row, 'samples'),
    key: text(row, 'key'),
    solver: textOrNull(row, 'solver'),
    points: numberOrNull(row, 'points'),
    base: textOrNull(row, 'base'),
    afs: afs === null ? null : afs === 1,
    schedule: textOrNull(row, 'schedule'),
    learnedSteps: number(row, 'learned_steps') === 1,
    nfe: numberOrNull(row, 'nfe'),
    images: numberOrNull(row, 'images'),
    evaluations: numberOrNull(row, 'evaluations'),
    score: textOrNull(row, 'score'),
    metrics: Object.fromEntries(scored.map(one => [text(one, 'metric'), number(one, 'value')])),
    seconds: number(row, 'seconds'),
    run: text(row, 'run')
  }
}
