import type { RunEvent } from '../pipeline/event.js'
import { counts, pace } from '../pipeline/live-words.js'
import { measured, rateOf, type Measured } from '../pipeline/rate.js'

/** Where work on samples stands, with its rate and the time left, measured from the first call on. */
export function samplesLine(): (done: number, total: number) => string {
  let before: Measured | undefined
  return (done, total) => {
    const time = performance.now()
    before = measured(before, { time, done })
    const rate = rateOf(before, time)
    const numbers = { done, total, unit: 'samples', rate, left: rate && (total - done) / rate } as const
    return [counts(numbers), ...pace(numbers)].filter(Boolean).join('  ')
  }
}

/** How far a download has come. */
export function downloadLine({ received, total, silent }: Extract<RunEvent, { type: 'download' }>): string {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)
  const done =
    total === undefined
      ? `${megabytes(received)} MB`
      : `${megabytes(received)} of ${megabytes(total)} MB (${Math.floor((100 * received) / total)} %)`
  return silent === undefined ? done : `${done}, no byte for ${silent} s`
}

/** The digest of a file that has come, as a spec may demand it. */
export function digestLine({ url, sha256 }: Extract<RunEvent, { type: 'downloaded' }>): string {
  return `${url}#sha256=${sha256}`
}

/**
 * Whether an event is news of a stage; an earlier one is computed again within its task where a file of that is
 * damaged.
 */
export function concerns(event: RunEvent, stage: string): boolean {
  return !('stage' in event) || event.stage === stage || event.type === 'progress' || event.type === 'waiting'
}
