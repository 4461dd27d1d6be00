import { html, type Content, type Html } from '../html/html.js'
import { moment } from '../report/durations.js'
import { stateOf } from '../store/run-properties.js'
import type { Run } from '../store/store.js'
import { ago } from '../words.js'
import type { WholeAnswer } from './answer.js'
import { shown, type Link, type Shown } from './layout.js'
import { address, ofRun } from './links.js'

/** How a run stands, in a word with a sign. */
export function state(run: Pick<Run, 'status'>): Html {
  const word = stateOf(run)
  return html`<span class="state ${word}">${word}</span>`
}

/** How long ago something was. */
export function since(time: string): Html {
  return html`<time datetime="${time}" title="${moment(time)}">${ago(time)}</time>`
}

/** Tags, each of which leads to the runs that have it. */
export function tagList(tags: readonly string[]): Content {
  if (tags.length === 0) return undefined
  const tag = (name: string) => html`<li><a class="tag" href="${address([''], [['tag', name]])}">${name}</a></li> `
  return html`<ul class="tags" aria-label="Tags">
    ${tags.map(tag)}
  </ul>`
}

/** The pages of a run. */
export function pagesOf(id: string): readonly Link[] {
  return [
    { name: 'Run', to: ofRun(id) },
    { name: 'Images', to: ofRun(id, ['images']) },
    { name: 'Table', to: ofRun(id, ['table']) },
    { name: 'Report', to: address(['report'], [['run', id]]) }
  ]
}

/** Where all runs are. */
export const ALL_RUNS: Link = { name: 'Runs', to: '/' }

/** A page about one run below that run's own: its last part, such as `table`, is the end of its address. */
export function ofOneRun(
  id: string,
  last: string,
  page: Pick<Shown, 'title' | 'content'>,
  status?: number
): WholeAnswer {
  const above = [ALL_RUNS, { name: id, to: ofRun(id) }]
  return shown({ ...page, above, beside: pagesOf(id), here: ofRun(id, [last]) }, status)
}

/** A choice of one of several texts in a form. */
export function choice(
  label: string,
  name: string,
  chosen: string,
  all: readonly (readonly [value: string, title: string])[]
) {
  const option = ([value, title]: readonly [string, string]) =>
    value === chosen
      ? html`<option value="${value}" selected>${title}</option>`
      : html`<option value="${value}">${title}</option>`
  return html`<label>
    ${label}
    <select name="${name}">
      ${all.map(option)}
    </select>
  </label>`
}

/** Fields that nobody sees, which a form sends along. */
export function hidden(fields: readonly (readonly [string, string])[]): Content {
  return fields.flatMap(([name, value]) =>
    value === '' ? [] : [html`<input type="hidden" name="${name}" value="${value}" />`]
  )
}
