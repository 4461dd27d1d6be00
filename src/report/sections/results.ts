import { table, type TableCell } from '../../charts/figure.js'
import { html, type Html } from '../../html/html.js'
import type { ReportData } from '../data.js'
import { scoreNotes } from '../../store/score-notes.js'
import type { Section } from '../section.js'
import { allStandings, evaluationsAnImage, ranking, withSpread, type Entry, type Standings } from '../standings.js'

/** Solvers by NFE, a table for each metric. */
export const results: Section = {
  id: 'results',
  title: 'Results',
  render(data) {
    const all = allStandings(data)
    if (all.length === 0) return undefined
    return html`<div class="charts">
        ${all.map(
          standings =>
            html`<div>
              <h3>${standings.metric.name}</h3>
              ${resultsTable(standings, data)}
            </div> `
        )}
      </div>
      ${notes(data)}
      <details>
        <summary>What each image cost in evaluations</summary>
        ${costs(all[0])}
      </details>`
  }
}

function resultsTable(standings: Standings, data: ReportData): Html {
  const { metric, nfes } = standings
  const ranks = new Map(nfes.map(nfe => [nfe, ranking(standings, nfe)]))
  const shown = differing(standings, data)
  const cell = (entry: Entry | undefined, nfe: number): TableCell => {
    if (!entry) return ''
    const values = [...new Set(ranks.get(nfe)?.map(({ value }) => value))]
    const text = withSpread(entry, metric)
    if (entry.value === values[0]) return html`<b class="best">${text}</b>`
    return entry.value === values[1] ? html`<u>${text}</u>` : html`${text}`
  }
  const hasSpread = standings.contestants.some(({ at }) => [...at.values()].some(({ spread }) => spread !== undefined))
  const left = standings.contestants.length - shown.length
  return html`<div class="numbers">
    ${table({
      titles: ['solver', ...nfes.map(nfe => `${nfe} NFE`)],
      rows: shown.map(({ name, at }) => [name, ...nfes.map(nfe => cell(at.get(nfe), nfe))]),
      caption: html`The ${metric.title}; ${metric.moreIsBetter ? 'more' : 'less'} is better. The best of each column is
      bold, the second
      underlined.${
        hasSpread ? ' A cell with ± is the mean of repetitions with other seeds, and their standard deviation.' : ''
      }${left > 0 ? ` Not shown: ${left} that the runs have in common.` : ''}`
    })}
  </div>`
}

/** Of several runs, the solvers that not all of them have the same results of. */
function differing({ contestants }: Standings, { runs }: ReportData): Standings['contestants'] {
  if (runs.length === 1) return contestants
  const isShared = ({ key }: { readonly key: string }) =>
    runs.every(run => run.results.some(result => result.key === key))
  const own = contestants.filter(({ at }) => ![...at.values()].every(entry => entry.results.every(isShared)))
  return own.length > 0 ? own : contestants
}

function costs({ contestants, nfes }: Standings): Html {
  return table({
    titles: ['solver', ...nfes.map(nfe => `${nfe} NFE`)],
    rows: contestants.map(({ name, at }) => [
      name,
      ...nfes.map(nfe => {
        const entry = at.get(nfe)
        return entry && evaluationsAnImage(entry.results[0])
      })
    ]),
    caption: 'Evaluations of the model that one image took; those of one NFE run in parallel.'
  })
}

function notes({ runs, store }: ReportData): Html | undefined {
  const lines = [...new Set(runs.flatMap(({ stages }) => scoreNotes(store, stages)))]
  if (lines.length === 0) return undefined
  return html`<ul>
    ${lines.map(line => html`<li>${line}</li>`)}
  </ul>`
}
