import { EpdError } from '../errors.js'
import { html } from '../html/html.js'
import type { Store } from '../store/store.js'
import type { Answer, WholeAnswer } from './answer.js'
import { refusalOf, type Asked } from './guard.js'
import { problem, shown } from './layout.js'
import type { Page } from './page.js'
import { ALL_RUNS } from './parts.js'
import { pageAt } from './route.js'

/** What requests are answered from. */
export interface Served {
  readonly pages: readonly Page[]
  readonly store: () => Store
  readonly storeName: string
  /** The port that is listened at, which a request must name. */
  readonly port: number
  /** Told of what no page has put in words, and of damage in the store. */
  readonly onError: (error: unknown) => void
}

/** The answer to a request. Whatever is wrong with it is an answer too. */
export async function answerTo(asked: Asked, served: Served, signal: AbortSignal): Promise<Answer> {
  const refused = refusalOf(asked, served.port)
  if (refused) return { ...plain(refused.message, refused.status), headers: refused.headers }
  const [path, ...rest] = (asked.url ?? '').split('?')
  try {
    const found = pageAt(served.pages, path)
    if (!found) throw new EpdError('not-found', 'Nothing is at this address.')
    return await found.page.respond({
      part: name => found.parts.get(name) ?? '',
      query: new URLSearchParams(rest.join('?')),
      store: served.store,
      storeName: served.storeName,
      signal
    })
  } catch (error) {
    return failed(error, served)
  }
}

function plain(message: string, status: number): WholeAnswer {
  return { status, type: 'text/plain; charset=utf-8', body: `${message}\n` }
}

/** A page about what went wrong. */
function failed(error: unknown, { onError }: Served): WholeAnswer {
  if (error instanceof URIError) return plain('The address is not percent-encoded UTF-8.', 400)
  const isKnown = error instanceof EpdError
  const status = isKnown ? (STATUS[error.code] ?? 500) : 500
  if (status === 500) onError(error)
  const message = isKnown
    ? error.message
    : 'The server has failed to make this page; the terminal that it runs in says why.'
  const title = status === 404 ? 'Not found' : 'This cannot be shown'
  return shown({ title, above: [ALL_RUNS], content: html`${problem(message)}` }, status)
}

/** The status of what is no fault of the server's or the store's. */
const STATUS: Readonly<Partial<Record<string, number>>> = { 'not-found': 404, usage: 400 }
