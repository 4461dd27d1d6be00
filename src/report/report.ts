import { EpdError } from '../errors.js'
import { html, type Content, type Html } from '../html/html.js'
import { packageVersion } from '../pipeline/version.js'
import type { Store } from '../store/store.js'
import { gather, type ReportData, type ReportRun } from './data.js'
import { moment } from './durations.js'
import { page } from './page.js'
import { SECTIONS } from './registry.js'
import type { Section } from './section.js'

/** What a report is made of, beside the store. */
export interface ReportOptions {
  /** The folder of the store as commands in the report name it; default: where it is. */
  readonly storeName?: string
  /** Told of a section that damage in the store has kept from being made, in a sentence. The report says it as well. */
  readonly onNote?: (message: string) => void
}

/**
 * One self-contained page of HTML about runs of a store: the best sampler at each NFE, results, images, distillation,
 * what was learned, and how to repeat all of it. It loads nothing, works without scripts, and takes all that a store
 * says as text. With several runs, sections show what differs between them.
 * @param runs ids, beginnings of ids, or names; one or more
 * @returns the page, in UTF-8 at most a few megabytes
 * @throws EpdError `usage` where no run is named, `not-found` for a run that is not there, `store-corrupt` where a row
 * of a run is not what was written
 */
export async function report(store: Store, runs: readonly string[], options: ReportOptions = {}): Promise<string> {
  const data = gather(store, runs, options.storeName)
  const sections = await rendered(data, SECTIONS, options)
  return page({ ...headerOf(data), sections, footer: html`<p>Made by epd-run ${packageVersion()}.</p>` })
}

/** Sections with their content, without those that have nothing to show. */
export async function rendered(
  data: ReportData,
  sections: readonly Section[],
  { onNote }: Pick<ReportOptions, 'onNote'> = {}
): Promise<{ readonly id: string; readonly title: string; readonly content: Html }[]> {
  const found = []
  for (const { id, title, render } of sections) {
    const content = await orDamage(title, () => render(data), onNote)
    if (content) found.push({ id, title, content })
  }
  return found
}

/** A section that cannot be read says so; the others are still worth showing. */
async function orDamage(
  title: string,
  render: () => ReturnType<Section['render']>,
  onNote: ReportOptions['onNote']
): Promise<Html | undefined> {
  try {
    return await render()
  } catch (error) {
    if (!(error instanceof EpdError)) throw error
    onNote?.(`the report has no "${title}": ${error.message}`)
    return html`<p class="damage">This cannot be shown: ${error.message}.</p>`
  }
}

function headerOf({ runs }: ReportData): { title: string; subtitle: Content } {
  const [first] = runs
  if (runs.length > 1)
    return {
      title: `${runs.length} runs compared`,
      subtitle: html`<ul class="runs">
        ${runs.map(one => html`<li>${line(one)}</li>`)}
      </ul>`
    }
  return {
    title: first.run.name,
    subtitle: html`<p class="description">${first.run.description}</p>
      <p class="run">${line(first)}</p>`
  }
}

function line({ run, stages }: ReportRun): Html {
  const finished = stages.filter(({ stage }) => stage?.status === 'finished').length
  const rest = run.status === 'finished' ? '' : `, with ${finished} of ${stages.length} stages finished`
  return html`Run <code>${run.id}</code>, ${run.status} ${moment(run.finished ?? run.updated)}${rest}`
}
