import { duration, grouped, timeLeft } from '../words.js'
import type { RunEvent } from './event.js'
import type { LiveRun, LiveStage } from './live.js'

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

/** Where a stage stands, in one line. */
export function stageLine(stage: LiveStage): string {
  if (stage.waiting) return waitingLine(stage.waiting)
  const stored = !stage.stored ? '' : `${grouped(stage.stored)} seeds stored`
  return [counts(stage), ...pace(stage), stored].filter(Boolean).join('  ')
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

/** How far all of a run is, in one line. */
export function wholeLine({
  stages,
  done,
  left,
  ended
}: Pick<LiveRun, 'stages' | 'done' | 'left'> & { readonly ended?: string }): string {
  const count = `${grouped(done)} of ${grouped(stages)} stages`
  if (ended !== undefined) return `${count}, ${ended}`
  return left === undefined || done === stages ? count : `${count}, ${timeLeft(left)}`
}
