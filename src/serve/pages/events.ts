import { setTimeout as sleep } from 'node:timers/promises'
import { asHtml } from '../../html/html.js'
import { watchRun } from '../../pipeline/watch.js'
import type { ServerEvent } from '../answer.js'
import { liveParts, stageTable } from '../live.js'
import type { Page, PageRequest } from '../page.js'

/** Milliseconds between two looks at the store; processes say about once a second how far they are. */
const APART = 500

/** News of a run for its page, for as long as processes work on it. */
export const events: Page = {
  path: '/runs/:run/events',
  respond(request) {
    const { id } = request.store().run(request.part('run'))
    return { events: newsOf(request, id) }
  }
}

/** The parts of the page that have changed, and `end` once nothing will change any more. */
async function* newsOf({ store, query, signal }: PageRequest, id: string): AsyncGenerator<ServerEvent> {
  const from = stageFrom(query)
  const sent = new Map<string, string>()
  let [before, isRunning] = ['', true]
  while (isRunning) {
    const watched = watchRun(store(), id)
    isRunning = watched.run.status === 'running'
    const stages = JSON.stringify([watched.done, watched.running.map(({ name }) => name)])
    const parts = {
      ...liveParts(watched),
      ...(stages !== before && { stages: stageTable(store(), id, from) })
    }
    before = stages
    for (const [name, content] of Object.entries(parts)) {
      const data = asHtml(content)
      if (sent.get(name) === data) continue
      sent.set(name, data)
      yield { name, data }
    }
    if (isRunning) await sleep(APART, undefined, { signal })
  }
  yield { name: 'end', data: '' }
}

/** The place of the first stage that the table shows. */
export function stageFrom(query: URLSearchParams): number {
  return Math.max(0, Math.floor(Number(query.get('from') ?? 0)) || 0)
}
