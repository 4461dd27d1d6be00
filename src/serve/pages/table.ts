import { EpdError } from '../../errors.js'
import { table as tableOf, type TableCell } from '../../charts/figure.js'
import { html, type Content, type Html } from '../../html/html.js'
import { command, shell } from '../../report/commands.js'
import { cellText, costSentences } from '../../store/comparison-text.js'
import { compare, type Cell, type Comparison, type CompareOptions } from '../../store/comparison.js'
import { propertiesOf } from '../../store/properties.js'
import { metricsIn } from '../../store/result-columns.js'
import type { ResultRow } from '../../store/store.js'
import { problem } from '../layout.js'
import type { Page } from '../page.js'
import { choice, ofOneRun } from '../parts.js'

/** One metric of a run's samples by two of their properties. */
export const table: Page = {
  path: '/runs/:run/table',
  respond({ part, query, store, storeName }) {
    const { id, name } = store().run(part('run'))
    const results = store().results(id)
    const asked = askedOf(query, results)
    const page = (content: Content, status = 200) =>
      ofOneRun(id, 'table', { title: `Table of ${name}`, content }, status)
    if (asked === undefined)
      return page(html`<p>The run has no scored samples yet, so that there is nothing to show.</p>`)
    const isAsked = [...query.keys()].length > 0
    try {
      const [options, found] = isAsked ? [asked, compare(results, asked)] : usual(results, asked)
      return page(html`${form(results, options)}${laidOut(found)}${sameCommand(storeName, id, options)}`)
    } catch (error) {
      if (!(error instanceof EpdError)) throw error
      return page(html`${form(results, asked)}${problem(error.message)}`, 400)
    }
  }
}

/** Where nobody has asked for anything, a row is a stage if several of them have one solver and one NFE. */
function usual(results: readonly ResultRow[], asked: CompareOptions): readonly [CompareOptions, Comparison] {
  try {
    return [asked, compare(results, asked)]
  } catch (error) {
    if (!(error instanceof EpdError)) throw error
    const byStage = { ...asked, rows: 'samples' }
    return [byStage, compare(results, byStage)]
  }
}

/** What is asked, or else what most runs are looked at by; undefined where nothing is scored. */
function askedOf(query: URLSearchParams, results: readonly ResultRow[]): CompareOptions | undefined {
  const scored = scoredIn(results).at(0)
  if (scored === undefined) return undefined
  const given = (name: string) => query.get(name)?.trim() ?? ''
  const [where, over] = [given('where'), given('over')]
  return {
    rows: given('rows') || 'solver',
    cols: given('cols') || 'nfe',
    metric: given('metric') || scored,
    ...(where !== '' && { where: [where] }),
    ...(over !== '' && { over })
  }
}

function scoredIn(results: readonly ResultRow[]): string[] {
  const scored = new Set(results.flatMap(({ metrics }) => Object.keys(metrics)))
  return metricsIn(results.map(({ metrics }) => metrics)).filter(name => scored.has(name))
}

function form(results: readonly ResultRow[], { rows, cols, metric, where = [], over = '' }: CompareOptions): Html {
  const known = [...new Set(['solver', 'nfe', ...results.flatMap(row => [...propertiesOf(row).keys()])])]
  const among = (own: string, names: readonly string[]) =>
    [...new Set([...names, own])].map(name => [name, name] as const)
  return html`<form class="fields" method="get" aria-label="Table">
    ${choice('Metric', 'metric', metric, among(metric, scoredIn(results)))}
    ${choice('Rows', 'rows', rows, among(rows, known))} ${choice('Columns', 'cols', cols, among(cols, known))}
    ${choice('Mean over', 'over', over, [['', 'nothing'], ...among(over || 'samples', known)])}
    <label>
      Only samples with
      <input
        class="wide"
        name="where"
        value="${where.join(' and ')}"
        placeholder="nfe=5 and rmse&lt;0.1"
        spellcheck="false"
      />
    </label>
    <button class="main">Show</button>
  </form>`
}

function laidOut(found: Comparison): Html {
  const { rowsBy, colsBy, columns, rows, metric, over } = found
  const cell = (value: Cell | undefined): TableCell => {
    if (!value) return ''
    const text = cellText(value, found)
    if (value.rank === 'best') return html`<b class="best">${text}</b>`
    return value.rank === 'second' ? html`<u>${text}</u>` : html`${text}`
  }
  return html`<div class="numbers">
      ${tableOf({
        titles: [`${rowsBy} by ${colsBy}`, ...columns],
        rows: rows.map(({ name, cells }) => [name, ...cells.map(cell)]),
        caption: `The ${metric}${over === undefined ? '' : `, its mean over ${over} ± the standard deviation`}. The best of each column is bold, the second underlined.`
      })}
    </div>
    ${costSentences(found).map(sentence => html`<p class="soft">${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.</p>`)}`
}

/** The command that prints the same table, in formats for papers too. */
function sameCommand(storeName: string, id: string, { rows, cols, metric, where = [], over }: CompareOptions): Html {
  const options = [
    ...['--rows', rows, '--cols', cols, '--metric', metric],
    ...(over === undefined ? [] : ['--over', over]),
    ...where.flatMap(condition => ['--where', condition])
  ]
  return html`<p>The same as LaTeX; there are <code>markdown</code> and <code>csv</code> too.</p>
    ${shell(command({ storeName }, 'table', id, ...options, '--format', 'latex'))}`
}
