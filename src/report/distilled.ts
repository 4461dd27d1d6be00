import { EpdError } from '../errors.js'
import { html, type Html } from '../html/html.js'
import { parseRecord, type PredictorRecord } from '../predictors/record.js'
import { tableOfRecord } from '../predictors/record-table.js'
import { child } from '../reading/plain.js'
import type { Table } from '../solvers/table.js'
import type { PredictorRow } from '../store/store.js'
import { shortNames, type ReportData, type ReportRun } from './data.js'
import { mainStandings, ranking, distillStageOf } from './standings.js'

/** A distill stage of the runs; one that several runs share is listed once. */
export interface DistilledStage {
  readonly run: ReportRun
  readonly name: string
  readonly key: string
  /** Its name, with its run's where there are several. */
  readonly title: string
}

/**
 * The distill stages of the runs, those of the best samplers first. Of several runs they are those that not all have,
 * unless all have all of them.
 */
export function distilled(data: ReportData): DistilledStage[] {
  const { runs } = data
  const short = shortNames(runs)
  const all = runs.flatMap((run, i) =>
    run.stages.flatMap(({ name, key, stage }) =>
      stage?.kind === 'distill' ? [{ run, name, key, short: short[i] }] : []
    )
  )
  const count = (key: string) => new Set(all.filter(stage => stage.key === key).map(({ run }) => run)).size
  const own = all.filter(({ key }) => runs.length === 1 || count(key) < runs.length)
  const chosen = own.length > 0 ? own : all
  const distinct = chosen.filter(({ key }, i) => chosen.findIndex(other => other.key === key) === i)
  const best = bestStages(data)
  return distinct
    .map(({ short: end, ...stage }) => ({
      ...stage,
      title: runs.length > 1 && count(stage.key) === 1 ? `${stage.name} (${end})` : stage.name
    }))
    .sort((a, b) => Number(best.has(b.key)) - Number(best.has(a.key)))
}

function bestStages(data: ReportData): ReadonlySet<string> {
  const standings = mainStandings(data)
  const entries = standings?.nfes.map(nfe => ranking(standings, nfe)[0]) ?? []
  return new Set(
    entries.flatMap(entry => {
      const from = distillStageOf(entry)
      return entry.run.stages.flatMap(({ name, key }) => (name === from ? [key] : []))
    })
  )
}

/** What a distill stage has found as a predictor of its solver; undefined where only a plugin knows that solver. */
export function recordOf(
  { store }: ReportData,
  { key, name }: Pick<DistilledStage, 'key' | 'name'>,
  row: PredictorRow
): PredictorRecord | undefined {
  const stage = store.stage(key)
  const value = {
    name: 'learned',
    solver: child(stage?.params, 'student'),
    learned: row.predictor,
    model: child(stage?.provenance, 'model')
  }
  try {
    return parseRecord(value, name)
  } catch (error) {
    if (error instanceof EpdError) return undefined
    throw error
  }
}

/** The table that a predictor's solver is; undefined where it is none, as one that depends on the sample. */
export function tableIn(record: PredictorRecord): Table | undefined {
  try {
    return tableOfRecord(record)
  } catch (error) {
    if (error instanceof EpdError && error.code === 'no-table') return undefined
    throw error
  }
}

/** Charts that are seen at once; the others wait behind a line that opens them. */
const SEEN = 4

/** Charts side by side, of which the first few are seen. */
export function folded(charts: readonly Html[]): Html {
  const rest = charts.slice(SEEN)
  return html`<div class="charts">${charts.slice(0, SEEN)}</div>
    ${
      rest.length > 0 &&
      html`<details class="more">
        <summary>${rest.length} more</summary>
        <div class="charts">${rest}</div>
      </details>`
    }`
}
