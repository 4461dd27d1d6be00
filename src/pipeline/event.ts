import type { Progress } from '../stages/stage.js'

/** What a run tells while it goes on. */
export type RunEvent =
  | { readonly type: 'download'; readonly url: string; readonly received: number; readonly total?: number }
  /** The stage's result is in the store already. */
  | { readonly type: 'cached'; readonly stage: string }
  /** Another process is computing it. */
  | { readonly type: 'waiting'; readonly stage: string }
  | { readonly type: 'started'; readonly stage: string }
  | ({ readonly type: 'progress'; readonly stage: string } & Progress)
  | {
      readonly type: 'finished'
      readonly stage: string
      readonly seconds: number
      readonly nfe?: number
      readonly evaluations: number
    }

export type OnEvent = (event: RunEvent) => void
