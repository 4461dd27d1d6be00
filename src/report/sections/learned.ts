import { dotChart } from '../../charts/dots.js'
import type { TableData } from '../../charts/figure.js'
import { html, type Html } from '../../html/html.js'
import { plainParameters, type PlainPoint } from '../../predictors/record-table.js'
import type { PredictorRecord } from '../../predictors/record.js'
import type { Table } from '../../solvers/table.js'
import type { PredictorRow } from '../../store/store.js'
import { distilled, folded, recordOf, tableIn, type DistilledStage } from '../distilled.js'
import type { Section } from '../section.js'

/** What was learned, on the axis of noise levels. */
export const learned: Section = {
  id: 'learned',
  title: 'What was learned',
  render(data) {
    const charts = distilled(data).flatMap(stage => {
      const row = data.store.predictor(stage.key)
      return row ? [chart(stage, row, recordOf(data, stage, row))] : []
    })
    if (charts.length === 0) return undefined
    return html`<p>
        Sampling goes from the most noise at the left to the least at the right. Each row is one NFE: the evaluations in
        it run in parallel. A dot is an evaluation at its noise level, and its area is what its answer counts for in the
        image; a hollow one is subtracted. Vertical lines are the time points between which steps are taken.
      </p>
      ${folded(charts)}`
  }
}

function chart({ title }: DistilledStage, row: PredictorRow, record: PredictorRecord | undefined): Html {
  const table = record && tableIn(record)
  const steps = record && plainParameters(record)?.steps
  const rows = table ? layers(table) : (steps ?? []).map(stepRow)
  const count = rows.reduce((sum, { dots }) => sum + dots.length, 0)
  return dotChart({
    caption: html`<b>${title}</b>:
      ${
        table
          ? `${rows.length} NFE of ${count} evaluations`
          : steps
            ? `${steps.length} steps, each with its parallel evaluations; areas are their weights in the step`
            : 'its time points; what it does between them depends on the sample'
      }`,
    label: `${title} on the axis of noise levels: ${row.sigmas.map(short).join(', ')}`,
    x: { title: 'noise level σ', log: true, reversed: true },
    rows,
    lines: row.sigmas.filter(sigma => sigma > 0 && Number.isFinite(sigma)),
    data:
      record && (table || steps)
        ? numbers(record, table)
        : { titles: ['time point', 'σ'], rows: row.sigmas.map((s, i) => [i + 1, s]) }
  })
}

/** The points of a step of EPD, whose base is no table. */
function stepRow(points: readonly PlainPoint[], step: number) {
  const dots = points.flatMap(({ sigma, weight }) =>
    sigma === undefined ? [] : [{ x: sigma, weight, title: `σ ${short(sigma)}, weight ${short(weight)}` }]
  )
  return { name: `step ${step + 1}`, dots }
}

function layers({ layers: all, result }: Table) {
  let at = 0
  return all.map((layer, i) => ({
    name: `NFE ${i + 1}`,
    dots: layer.flatMap(({ sigma }) => {
      const weight = result.denoised.at(at++) ?? 0
      const title = `σ ${short(sigma)}, factor ${short(weight)}`
      return Number.isFinite(sigma) ? [{ x: sigma, weight, title }] : []
    })
  }))
}

/** EPD's own parameters where it is one, else the factors of the table's result. */
function numbers(record: PredictorRecord, table: Table | undefined): TableData {
  const steps = plainParameters(record)?.steps
  if (steps)
    return {
      titles: ['step', 'point', 'r', 'σ', 'weight', 'direction factor', 'noise factor'],
      rows: steps.flatMap((points, step) =>
        points.map(({ r, sigma, weight, scaleDir, scaleTime }, k) => [
          ...[`${step + 1}`, `${k + 1}`],
          ...[r, sigma, weight, scaleDir, scaleTime].map(value => value && Number(value.toPrecision(5)))
        ])
      )
    }
  const { layers: all = [], result = { denoised: [] } } = table ?? {}
  let at = 0
  return {
    titles: ['NFE', 'evaluation', 'σ', 'factor of the noise', 'factor in the image'],
    rows: all.flatMap((layer, i) =>
      layer.map(({ sigma, noise }) => [
        `${i + 1}`,
        `${at + 1}`,
        short(sigma),
        short(noise),
        short(result.denoised.at(at++) ?? 0)
      ])
    )
  }
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)))
}
