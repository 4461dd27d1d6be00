import { lineChart, type Series } from '../../charts/lines.js'
import { html, type Html } from '../../html/html.js'
import type { ReportData } from '../data.js'
import { publishedPoints } from '../published.js'
import type { Section } from '../section.js'
import { allStandings, ranking, withSpread, type Standings } from '../standings.js'

/** Each metric against NFE, with what the paper has published of the same model. */
export const byNfe: Section = {
  id: 'by-nfe',
  title: 'Score against NFE',
  render: data => {
    const charts = allStandings(data).flatMap(standings => chart(standings, data) ?? [])
    return charts.length > 0 ? joined(charts) : undefined
  }
}

function joined(charts: readonly Html[]): Html {
  return html`<div class="charts">${charts}</div>`
}

/** The lines that are told apart; the others are drawn behind them in grey. */
const NAMED = 7

function chart(standings: Standings, data: ReportData): Html | undefined {
  const { metric, nfes, contestants } = standings
  const published = publishedPoints(data, metric)
  if (nfes.length < 2 && published.length === 0) return undefined
  const ranks = nfes.map(nfe => ranking(standings, nfe).map(({ name }) => name))
  const place = (name: string) => {
    const places = ranks.flatMap(names => (names.includes(name) ? [names.indexOf(name) / names.length] : []))
    return places.reduce((sum, each) => sum + each, 0) / places.length
  }
  const best = contestants.map(({ name }) => name).sort((a, b) => place(a) - place(b))
  const named = new Set(best.slice(0, NAMED))
  const own = contestants.map(({ name, at }): Series => {
    const points = nfes.flatMap(nfe => {
      const entry = at.get(nfe)
      return entry ? [{ x: nfe, y: entry.value, spread: entry.spread }] : []
    })
    return { name, points, faint: !named.has(name) }
  })
  const inOrder = own.sort((a, b) => Number(b.faint) - Number(a.faint) || place(a.name) - place(b.name))
  const all = [...inOrder, ...published]
  const values = all.filter(({ faint }) => !faint).flatMap(({ points }) => points.map(({ y }) => y))
  return lineChart({
    caption: caption(standings, published.length > 0, inOrder.filter(({ faint }) => faint).length),
    label: `${metric.name} of ${contestants.length} solvers against NFE. The best: ${nfes.map((nfe, i) => `${ranks[i][0]} at ${nfe}`).join(', ')}.`,
    x: {
      title: 'NFE (parallel evaluations)',
      ticks: [...new Set(all.flatMap(({ points }) => points.map(({ x }) => x)))]
    },
    y: { title: metric.name, log: values.every(value => value > 0) && Math.max(...values) > 4 * Math.min(...values) },
    series: all,
    data: {
      titles: ['solver', ...nfes.map(nfe => `${nfe} NFE`)],
      rows: contestants.map(({ name, at }) => [
        name,
        ...nfes.map(nfe => {
          const entry = at.get(nfe)
          return entry ? withSpread(entry, metric) : ''
        })
      ])
    }
  })
}

function caption({ metric }: Standings, isPublished: boolean, faint: number): string {
  const words = [`${metric.name} against NFE; ${metric.moreIsBetter ? 'more' : 'less'} is better.`]
  if (faint > 0) words.push(`Grey: ${faint} others, which the table names; those far worse are cut off.`)
  if (isPublished)
    words.push(
      'Dashed: what the paper states for 50,000 images (arXiv 2507.14797, Table 1). Fewer images give a higher FID.'
    )
  return words.join(' ')
}
