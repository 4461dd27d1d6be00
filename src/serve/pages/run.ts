import { table } from '../../charts/figure.js'
import { html, type Content, type Html } from '../../html/html.js'
import { watchRun, type WatchedRun } from '../../pipeline/watch.js'
import { command, shell } from '../../report/commands.js'
import { moment } from '../../report/durations.js'
import { resultRows, usualColumns } from '../../store/result-columns.js'
import { stateOf } from '../../store/run-properties.js'
import type { Run, Store } from '../../store/store.js'
import { section, shown } from '../layout.js'
import { ofRun } from '../links.js'
import { liveParts, STAGES, stageTable } from '../live.js'
import type { Page } from '../page.js'
import { ALL_RUNS, pagesOf, state, tagList } from '../parts.js'
import { stageFrom } from './events.js'

/** Seconds after which a page without scripts asks again how a run stands. */
const REFRESH = 5

/** A run: how it stands, its results and its stages. While it goes on, the page changes with it. */
export const run: Page = {
  path: '/runs/:run',
  respond({ part, query, store, storeName }) {
    const { id } = store().run(part('run'))
    const watched = watchRun(store(), id)
    const isRunning = watched.run.status === 'running'
    const from = stageFrom(query)
    return shown({
      title: watched.run.name,
      above: [ALL_RUNS],
      subtitle: header(watched.run),
      beside: pagesOf(id),
      here: ofRun(id),
      content: html`<div class="live" ${isRunning && news(id, from)}>
          ${standing(watched, storeName)}${results(store(), id)}${stages(store(), watched, from)}
        </div>
        ${section('spec', 'Spec', specOf(watched.run))}`,
      ...(isRunning && { refresh: REFRESH })
    })
  }
}

function header(one: Run): Html {
  const { id, description, error, note, tags, finished, created, updated } = one
  const ended = finished === null ? `changed ${moment(updated)}` : `finished ${moment(finished)}`
  const when = one.status === 'running' ? '' : `, ${ended}`
  return html`<p>${state(one)} <code>${id}</code>, begun ${moment(created)}${when}</p>
    ${description !== '' && html`<p>${description}</p>`} ${tagList(tags)} ${note !== '' && html`<p>Note: ${note}</p>`}
    ${error !== null && error !== stateOf(one) && error !== one.status && html`<p class="problem">${error}</p>`}`
}

/** Where the page hears of the run. */
function news(id: string, from: number): Html {
  return html`data-events="${ofRun(id, ['events'], [['from', from > 0 ? String(from) : '']])}"`
}

/** What is said where news stay out. */
const SILENT = 'The server does not answer. The page shows what it last said, and goes on once it answers.'

/** How far the run is. While it goes on, the parts are replaced by news of it. */
function standing(watched: WatchedRun, storeName: string): Content {
  const { id, status } = watched.run
  if (status === 'finished') return undefined
  const { progress, said } = liveParts(watched)
  if (status !== 'running')
    return section(
      'standing',
      'How it stands',
      html`${progress}
        <p>It goes on with</p>
        ${shell(command({ storeName }, 'resume', id))}`
    )
  return html`<p class="problem" role="alert" data-silent hidden>${SILENT}</p>
    <p class="unseen" role="status" data-part="said">${said}</p>
    ${section('standing', 'Under way', html`<div data-part="progress">${progress}</div>`)}`
}

function results(store: Store, id: string): Content {
  const rows = store.results(id)
  if (rows.length === 0) return undefined
  const columns = usualColumns(rows)
  const cells = resultRows(rows, columns).map(row => row.map(cell))
  return section('results', 'Results', table({ titles: columns.map(({ name }) => name), rows: cells }))
}

function cell(value: unknown): string | number | undefined {
  if (value === null || value === undefined) return undefined
  return typeof value === 'number' || typeof value === 'string' ? value : JSON.stringify(value)
}

/** The stages of a run that nothing works on, or of one under way as it stands when the page is asked for. */
function stages(store: Store, { run: { id }, stages: count }: WatchedRun, from: number): Html {
  const to = (place: number) => ofRun(id, [], [['from', place > 0 ? String(place) : '']])
  return section(
    'stages',
    'Stages',
    html`<div data-part="stages">${stageTable(store, id, from)}</div>
      ${from > 0 && html`<p><a href="${to(Math.max(from - STAGES, 0))}">Earlier stages</a></p>`}
      ${from + STAGES < count && html`<p><a href="${to(from + STAGES)}">Later stages</a></p>`}`
  )
}

function specOf({ file, overrides, spec }: Run): Html {
  return html`<p><code>${file}</code>${overrides.length > 0 && ` with ${overrides.join(' ')}`}</p>
    <details>
      <summary>What was read there</summary>
      <pre tabindex="0"><code>${spec}</code></pre>
    </details>`
}
