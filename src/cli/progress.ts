import type { RunEvent } from '../pipeline/event.js'
import type { LiveStage } from '../pipeline/live.js'
import { measured, rateOf, type Measured } from '../pipeline/rate.js'

type Numbers = Pick<LiveStage, 'done' | 'total' | 'unit' | 'atMost' | 'rate' | 'left'>

/** How much of a stage is done; '' where it has not said yet. */
export function counts({ done, total, unit, atMost }: Numbers): string {
  if (done === undefined || total === undefined) return ''
  const most = atMost ? `of at most ${grouped(total)}` : `of ${grouped(total)}`
  return `${grouped(done)} ${most} ${unit ?? ''}`.trimEnd()
}

/** The rate of a stage, and the time left for it; '' for what is not known. */
export function pace({ rate, left, done, total }: Numbers): readonly [rate: string, left: string] {
  if (rate === undefined || done === undefined || total === undefined || done >= total) return ['', '']
  return [
    `${rate >= 100 ? grouped(Math.round(rate)) : rate.toPrecision(2)}/s`,
    left === undefined ? '' : timeLeft(left)
  ]
}

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

/** Where a stage stands, in one line. */
export function stageLine(stage: LiveStage): string {
  if (stage.waiting) return waitingLine(stage.waiting)
  const stored = !stage.stored ? '' : `${grouped(stage.stored)} seeds stored`
  return [counts(stage), ...pace(stage), stored].filter(Boolean).join('  ')
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

/** Who a stage is waited for, and when that ends, if it does not end by itself. */
export function waitingLine({ holder }: Pick<Extract<RunEvent, { type: 'waiting' }>, 'holder'>): string {
  if (!holder || holder.sight === 'gone') return 'another process is computing it; waiting'
  const { pid, host, sight, ahead } = holder
  if (sight === 'alive') return `process ${pid} is computing it; waiting`
  const state = sight === 'stopped' ? 'is stopped' : `of ${host} cannot be seen from here`
  const clock = ahead > 0 ? `, and its clock was ${duration(ahead)} ahead` : ''
  return `process ${pid}, which began it, ${state}${clock}; waiting until it ends or has shown no sign of life for 5 s`
}

export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  const rest = String(Math.floor(seconds) % 60).padStart(2, '0')
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest} h` : `${minutes}:${rest} min`
}

/** An estimate of the time left, which has no more digits than it deserves. */
export function timeLeft(seconds: number): string {
  if (seconds < 99.5) return `${Math.max(Math.round(seconds), 1)} s left`
  const minutes = Math.round(seconds / 60)
  if (minutes < 100) return `${minutes} min left`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min left`
}

/** A whole number in groups of three digits, as toLocaleString('en') has it, which first loads the tables of languages. */
export function grouped(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',')
}

/**
 * Whether an event is news of a stage; an earlier one is computed again within its task where a file of that is
 * damaged.
 */
export function concerns(event: RunEvent, stage: string): boolean {
  return !('stage' in event) || event.stage === stage || event.type === 'progress' || event.type === 'waiting'
}
