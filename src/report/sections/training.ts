import { lineChart, type Series } from '../../charts/lines.js'
import { html, type Html } from '../../html/html.js'
import type { IterationRow } from '../../store/store.js'
import { distilled, folded, type DistilledStage } from '../distilled.js'
import type { ReportData } from '../data.js'
import type { Section } from '../section.js'

/** The losses of each distillation by the evaluations that it has taken. */
export const training: Section = {
  id: 'training',
  title: 'Distillation',
  render(data) {
    const stages = distilled(data).flatMap(stage => {
      const rows = data.store.iterations(stage.key)
      return rows.length > 0 ? [{ stage, rows }] : []
    })
    if (stages.length === 0) return undefined
    return html`<p>
        The loss is the root of the mean square by which the student misses its teacher. While steps are fitted one by
        one, each has a loss of its own, and those of different steps do not compare.
      </p>
      ${folded(stages.map(({ stage, rows }) => chart(data, stage, rows)))}`
  }
}

function chart(data: ReportData, { title, key }: DistilledStage, rows: readonly IterationRow[]): Html {
  const phases = [...new Set(rows.map(phaseOf))]
  const series = phases.flatMap((phase): Series[] => {
    const own = rows.filter(row => phaseOf(row) === phase)
    const looked = own.flatMap(({ evaluations, validationLoss }) =>
      validationLoss === undefined ? [] : [{ x: evaluations, y: Math.sqrt(validationLoss) }]
    )
    const learnt = own.map(({ evaluations, loss }) => ({ x: evaluations, y: Math.sqrt(loss) }))
    return [
      { name: `${phase}, training`, group: phase, points: learnt },
      ...(looked.length > 0
        ? [{ name: `${phase}, validation`, group: `${phase} v`, points: looked, dashed: true }]
        : [])
    ]
  })
  const row = data.store.predictor(key)
  const end = row ? Math.sqrt(row.validationLoss ?? row.loss) : undefined
  return lineChart({
    caption: html`<b>${title}</b>: ${rows.length}
      iterations${end === undefined ? '' : `, ends at ${end.toPrecision(4)} ${row?.validationLoss === null ? 'on its training seeds' : 'on seeds that it has not seen'}`}`,
    label: `Loss of ${title} by evaluations, in ${phases.length} phases`,
    x: { title: 'evaluations of the model' },
    y: { title: 'RMS loss', log: series.every(({ points }) => points.every(({ y }) => y > 0)) },
    series,
    marks: rows.length <= MANY,
    data: {
      titles: ['iteration', 'phase', 'evaluations', 'RMS loss', 'validation', 'accepted'],
      rows: thinned(rows).map(one => [
        ...[one.iteration, phaseOf(one), one.evaluations, Number(Math.sqrt(one.loss).toPrecision(5))],
        one.validationLoss === undefined ? null : Number(Math.sqrt(one.validationLoss).toPrecision(5)),
        one.accepted === undefined ? '' : one.accepted ? 'yes' : 'no'
      ]),
      caption: rows.length > MANY ? `Every ${Math.ceil(rows.length / MANY)}th of ${rows.length} iterations.` : undefined
    }
  })
}

/** More iterations than these are drawn without marks, and are not all listed. */
const MANY = 60

function thinned<T>(rows: readonly T[]): readonly T[] {
  const every = Math.ceil(rows.length / MANY)
  return rows.filter((_, i) => i % every === 0 || i === rows.length - 1)
}

function phaseOf({ phase, step }: IterationRow): string {
  return step === undefined ? phase : `step ${step + 1}`
}
