import type { Store } from '../store/store.js'
import type { Answer } from './answer.js'

/** A page, or whatever else is at an address; `registry.ts` lists them. */
export interface Page {
  /** Its path. A part that begins with a colon holds any text: `/runs/:run`. */
  readonly path: string
  /** @throws EpdError `not-found` and `usage`, which are shown as pages of their own */
  readonly respond: (request: PageRequest) => Answer | Promise<Answer>
}

/** What is asked of a page. */
export interface PageRequest {
  /** What stands in the place of a part of the path, by its name without the colon. */
  readonly part: (name: string) => string
  readonly query: URLSearchParams
  /** The store as it is now; asked again after a while, it may be another one in the same folder. */
  readonly store: () => Store
  /** The folder of the store as commands name it. */
  readonly storeName: string
  /** Aborted once nobody waits for the answer any more. */
  readonly signal: AbortSignal
}
