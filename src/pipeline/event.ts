import type { Progress } from '../stages/stage.js'
import type { ClaimHolder } from '../store/store.js'

/** What a run tells while it goes on. */
export type RunEvent =
  /** Something is used otherwise than it was made for, as it was allowed to be. */
  | { readonly type: 'warning'; readonly message: string }
  | {
      readonly type: 'download'
      readonly url: string
      readonly received: number
      readonly total?: number
      /** For how many seconds nothing has come. */ readonly silent?: number
    }
  /** A file has come whole; its SHA-256 is kept, and no other content is taken for it later. */
  | { readonly type: 'downloaded'; readonly url: string; readonly sha256: string }
  /** The stage's result is in the store already. */
  | { readonly type: 'cached'; readonly stage: string }
  /** Another process is computing it; `holder` where it is still known which. */
  | { readonly type: 'waiting'; readonly stage: string; readonly holder?: ClaimHolder }
  | { readonly type: 'started'; readonly stage: string }
  | ({ readonly type: 'progress'; readonly stage: string } & Progress)
  | {
      readonly type: 'finished'
      readonly stage: string
      readonly seconds: number
      readonly nfe?: number
      readonly evaluations: number
    }

/** A function that is told of each event of a run at once. It is not awaited. */
export type OnEvent = (event: RunEvent) => void
