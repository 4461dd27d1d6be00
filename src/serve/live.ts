import { html, type Content, type Html } from '../html/html.js'
import type { LiveStage } from '../pipeline/live.js'
import { viewOf, type View } from '../pipeline/live-view.js'
import { counts, pace, waitingLine, wholeLine } from '../pipeline/live-words.js'
import type { WatchedRun } from '../pipeline/watch.js'
import { table } from '../charts/figure.js'
import type { RunStage, Store } from '../store/store.js'
import { duration, grouped } from '../words.js'

/** The parts of a run's page that change while it goes on, by their names. */
export interface LiveParts {
  /** What is under way, with bars. */
  readonly progress: Html
  /** The same in a sentence that changes with the stages alone, for those who hear the page. */
  readonly said: Html
}

/** A run as it stands. */
export function liveParts(watched: WatchedRun): LiveParts {
  const view = viewOf(watched)
  return { progress: progress(view), said: html`${saidOf(view)}` }
}

function saidOf(view: View): string {
  const names = view.running.map(({ name }) => name)
  const under = view.ended === undefined && names.length > 0 ? `; under way: ${names.join(', ')}` : ''
  return `${wholeLine({ ...view, left: undefined })}${under}`
}

function progress(view: View): Html {
  const { running, recent, next, stages, done } = view
  const toCome = Math.max(stages - done - running.length, 0)
  return html`<p>
      <b>${wholeLine(view)}</b
      >${toCome > 0 && `; ${grouped(toCome)} to come`}${toCome > 0 && next !== undefined && `, next ${next}`}
    </p>
    <ul class="under">
      ${running.map(stage => html`<li>${stageOf(stage, view.mark)}</li> `)}
    </ul>
    ${
      recent.length > 0 &&
      html`<p class="soft">
        Done last:
        ${recent.map(({ name, seconds }) => `${name} (${seconds === undefined ? 'in the store' : duration(seconds)})`).join(', ')}
      </p>`
    }`
}

function stageOf(stage: LiveStage, mark: View['mark']): Html {
  const { name, what, done, total, waiting, notes } = stage
  const title = html`<p><b>${name}</b> <span class="soft">${what}</span>${mark !== undefined && ` (${mark})`}</p>`
  if (waiting)
    return html`${title}
      <p>${waitingLine(waiting)}</p>`
  return html`${title}${done !== undefined && total !== undefined && total > 0 && bar(stage, done, total)}
  ${
    notes.length > 0 &&
    html`<ul class="notes">
      ${notes.map(note => html`<li>${note.trim()}</li> `)}
    </ul>`
  }`
}

function bar(stage: LiveStage, done: number, total: number): Html {
  const share = Math.min(done / total, 1)
  const kept = stage.stored ? `${grouped(stage.stored)} seeds stored` : ''
  const words = [`${Math.floor(100 * share)} %`, counts(stage), ...pace(stage), kept].filter(Boolean).join(' · ')
  return html`<progress max="1" value="${share.toFixed(4)}" aria-label="${stage.name}"></progress>
    <p>${words}</p>`
}

/** Stages of a page's table. */
export const STAGES = 100

/** The stages of a run, from one place on, as the store has them. */
export function stageTable(store: Store, runId: string, from: number): Content {
  const stages = store.runStages(runId)
  const some = stages.slice(from, from + STAGES)
  return table({
    titles: ['stage', 'kind', 'state', 'NFE', 'evaluations', 'seconds', 'key'],
    rows: some.map(cells),
    caption:
      some.length < stages.length
        ? `Stages ${grouped(from + 1)} to ${grouped(from + some.length)} of ${grouped(stages.length)}.`
        : undefined
  })
}

function cells({ name, key, stage }: RunStage) {
  return [
    ...[name, stage?.kind ?? '', stage?.status ?? 'not begun', stage?.nfe, stage?.evaluations],
    ...[stage && Number(stage.seconds.toFixed(2)), html`<code>${key.slice(0, 12)}</code>`]
  ]
}
