import { barChart, type Bar } from '../../charts/bars.js'
import { html, type Html } from '../../html/html.js'
import type { RunStage } from '../../store/store.js'
import type { ReportRun } from '../data.js'
import { duration, milliseconds, moment } from '../durations.js'
import { groupsOf, isCached } from '../groups.js'
import type { Section } from '../section.js'

/** When each stage ran, over all sittings of a run. */
export const timeline: Section = {
  id: 'timeline',
  title: 'Timeline',
  render({ runs }) {
    const charts = runs.flatMap(run => chart(run) ?? [])
    return charts.length > 0 ? html`<div class="charts">${charts}</div>` : undefined
  }
}

/** When a stage was worked on, as far as the store tells: up to its end for as long as it took. */
interface Busy {
  readonly stage: RunStage
  readonly from: number
  readonly to: number
}

/** Time in which work went on without a longer pause. */
interface Sitting {
  readonly from: number
  readonly to: number
}

/** A pause of this many milliseconds is left out, and so is one that is longer than a fifth of all work. */
const PAUSE = 60_000

function chart(run: ReportRun): Html | undefined {
  const busy = run.stages.flatMap(stage => busyOf(run, stage) ?? [])
  if (busy.length === 0) return undefined
  const sittings = sittingsOf(busy)
  const place = (time: number) =>
    sittings.reduce((sum, { from, to }) => sum + Math.min(Math.max(time - from, 0), to - from), 0) / 1000
  const end = place(Infinity)
  const rows = groupsOf(run).flatMap(({ name, stages }) => {
    const bars = busy
      .filter(({ stage }) => stages.includes(stage))
      .map((one): Bar => ({
        from: place(one.from),
        to: place(one.to),
        light: isCached(run, one.stage),
        title: `${one.stage.name}: ${duration(one.stage.stage?.seconds ?? 0)}`
      }))
    return bars.length > 0 ? [{ name, bars }] : []
  })
  const pauses = sittings.length - 1
  const own = busy.filter(({ stage }) => !isCached(run, stage))
  const worked = sittingsOf(own.length > 0 ? own : busy)
  const spent = worked.reduce((sum, { from, to }) => sum + to - from, 0) / 1000
  const count = worked.length === 1 ? 'one sitting' : `${worked.length} sittings`
  const words = `${duration(spent)} in ${count}, from ${moment(new Date(worked[0].from).toISOString())}`
  return barChart({
    caption: html`<b>${run.run.id}</b>:
      ${words}.${pauses > 0 ? ' A dashed line is a pause that is left out.' : ''}${
        busy.some(({ stage }) => isCached(run, stage)) ? ' Light: computed before this run, for another.' : ''
      }`,
    label: `Timeline of ${run.run.id}: ${words}`,
    rows,
    ticks: [0, 0.5, 1].map(share => ({ at: end * share, label: duration(end * share) })),
    breaks: sittings.slice(1).map(({ from }) => place(from)),
    end,
    data: {
      titles: ['stage', 'begun', 'finished', 'seconds of work'],
      rows: busy.map(({ stage: { name, stage } }) => [
        ...[name, stage?.started ?? '', stage?.finished ?? ''],
        Number((stage?.seconds ?? 0).toFixed(2))
      ])
    }
  })
}

function busyOf({ run }: ReportRun, stage: RunStage): Busy | undefined {
  const row = stage.stage
  const started = milliseconds(row?.started)
  if (!row || started === undefined) return undefined
  const to = Math.max(milliseconds(row.finished ?? run.updated) ?? started, started)
  return { stage, to, from: Math.max(started, to - row.seconds * 1000) }
}

function sittingsOf(busy: readonly Busy[]): Sitting[] {
  const inOrder = [...busy].sort((a, b) => a.from - b.from)
  const work = inOrder.reduce((sum, { from, to }) => sum + to - from, 0)
  const pause = Math.min(PAUSE, Math.max(work / 5, 1000))
  const sittings: { from: number; to: number }[] = []
  for (const { from, to } of inOrder) {
    const last = sittings.at(-1)
    if (last && from - last.to <= pause) last.to = Math.max(last.to, to)
    else sittings.push({ from, to })
  }
  return sittings
}
