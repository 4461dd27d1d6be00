import type { RunEvent } from '../pipeline/event.js'

/** Progress with rate and time left, measured from the first event on. */
export function progressLine(): (event: Extract<RunEvent, { type: 'progress' }>) => string {
  let first: { readonly time: number; readonly done: number } | undefined
  return ({ done, total, unit, stored, note }) => {
    if (unit === 'iterations') return note ?? ''
    first ??= { time: performance.now(), done }
    const seconds = (performance.now() - first.time) / 1000
    const rate = (done - first.done) / seconds
    return [
      `${done.toLocaleString('en')}/${total.toLocaleString('en')} ${unit}`,
      rate > 0 && done < total ? `${rate.toFixed(1)}/s  ${duration((total - done) / rate)} left` : '',
      stored === undefined ? note : `${stored} seeds stored`
    ]
      .filter(Boolean)
      .join('  ')
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

/** Who a stage is waited for, and when that ends, if it does not end by itself. */
export function waitingLine({ holder }: Extract<RunEvent, { type: 'waiting' }>): string {
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

/** Tells an event to the stage that it is of, or to all that run where that stage is not among them. */
export function tellStages(handlers: ReadonlyMap<string, (event: RunEvent) => void>, event: RunEvent): void {
  const own = 'stage' in event ? handlers.get(event.stage) : undefined
  for (const handle of own ? [own] : handlers.values()) handle(event)
}

/**
 * Whether an event is news of a stage; an earlier one is computed again within its task where a file of that is
 * damaged.
 */
export function concerns(event: RunEvent, stage: string): boolean {
  return !('stage' in event) || event.stage === stage || event.type === 'progress' || event.type === 'waiting'
}
