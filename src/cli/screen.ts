import type { DoneStage, LiveStage } from '../pipeline/live.js'
import type { View } from '../pipeline/live-view.js'
import { counts, pace, waitingLine, wholeLine } from '../pipeline/live-words.js'
import { duration, grouped } from '../words.js'
import { printable } from './printable.js'
import { cutTo, widthOf } from './width.js'

export interface Size {
  readonly columns: number
  readonly rows: number
}

/** A line that is wanted on the screen; of all that are wanted, those of the lowest ranks are shown. */
interface Wanted {
  readonly rank: number
  readonly text: string
}

/** Ranks of lines: what is left out last comes first. */
const RANK = { whole: 0, bar: 1, title: 2, folded: 3, counts: 4, newestDone: 5, newestNote: 6, done: 7, note: 8 }

/** How many of the stages that are done, and of a stage's lines, are wanted on the largest screen. */
const [DONE, NOTES] = [6, 4]

/**
 * A screen of a run: no more lines than the terminal has, less the one that the cursor is on, and none as wide as it,
 * since some terminals begin a new line behind the last column.
 */
export function screenOf(view: View, { columns, rows }: Size): string[] {
  const width = Math.max(columns - 1, 1)
  const wanted = (shown: number) => [
    ...doneLines(view),
    ...view.running.flatMap(stage => stageLines(stage, view.mark, width)),
    ...foldedLines(view, shown),
    { rank: RANK.whole, text: wholeLine(view) }
  ]
  const room = Math.max(rows - 1, 1)
  const shown = chosen(wanted(0), room).filter(({ rank }) => rank === RANK.newestDone || rank === RANK.done).length
  return chosen(wanted(shown), room).map(({ text }) => cutTo(printable(text), width))
}

/** As many lines as there is room for: those of the lowest ranks, and of one rank the last, in their order. */
function chosen(wanted: readonly Wanted[], room: number): readonly Wanted[] {
  const places = [...wanted.keys()].sort((a, b) => wanted[a].rank - wanted[b].rank || b - a).slice(0, room)
  return places.sort((a, b) => a - b).map(place => wanted[place])
}

function doneLines({ recent }: View): Wanted[] {
  const last = recent.slice(-DONE)
  return last.map((stage, i) => ({
    rank: i === last.length - 1 ? RANK.newestDone : RANK.done,
    text: doneLine(stage)
  }))
}

/** A stage that is done, in one line. */
export function doneLine({ name, what, seconds }: DoneStage): string {
  return `✔ ${name}  ${seconds === undefined ? '(in the store)' : duration(seconds)}  ${what}`.trimEnd()
}

function stageLines(stage: LiveStage, mark: View['mark'], width: number): Wanted[] {
  const { name, what, waiting, notes } = stage
  const title = { rank: RANK.title, text: `${mark === undefined ? '❯' : MARKS[mark]} ${name}  ${what}` }
  if (waiting) return [title, { rank: RANK.bar, text: `  ${waitingLine(waiting)}` }]
  const last = notes.slice(-NOTES)
  return [
    title,
    ...barLines(stage, width),
    ...last.map((text, i) => ({
      rank: i === last.length - 1 ? RANK.newestNote : RANK.note,
      text: `  › ${text.trim()}`
    }))
  ]
}

const MARKS = { failed: '✖', stopped: '■' } as const

/** Columns of the longest bar and of the shortest. */
const [LONGEST, SHORTEST] = [24, 8]

/** A bar with the numbers of a stage, or where they are too wide together, with the counts in a line of their own. */
function barLines(stage: LiveStage, width: number): Wanted[] {
  const { done, total, stored } = stage
  if (done === undefined || total === undefined) return []
  const share = total > 0 ? Math.min(done / total, 1) : 0
  const percent = `${Math.floor(100 * share)} %`.padStart(5)
  const kept = !stored ? '' : `${grouped(stored)} seeds stored`
  const rest = (parts: readonly string[]) => parts.filter(Boolean).join('  ')
  const all = rest([percent, counts(stage), ...pace(stage), kept])
  const room = (text: string) => width - 2 - widthOf(text) - 2
  if (room(all) >= SHORTEST) return [{ rank: RANK.bar, text: `  ${bar(share, room(all))}  ${all}` }]
  const short = rest([percent, ...pace(stage)])
  const drawn = room(short) >= SHORTEST ? `${bar(share, room(short))}  ` : ''
  return [
    { rank: RANK.bar, text: `  ${drawn}${short.trimStart()}` },
    { rank: RANK.counts, text: `  ${rest([counts(stage), kept])}` }
  ]
}

function bar(share: number, room: number): string {
  const length = Math.min(room, LONGEST)
  const full = Math.floor(share * length)
  return '█'.repeat(full) + '░'.repeat(length - full)
}

/** All stages that have no line of their own. */
function foldedLines({ stages, done, running, recent, next }: View, shown: number): Wanted[] {
  const before = Math.max(done - Math.min(shown, recent.length), 0)
  const toCome = Math.max(stages - done - running.length, 0)
  const parts = [
    before > 0 ? `${grouped(before)} done before` : '',
    toCome > 0 ? `${grouped(toCome)} to come${next === undefined ? '' : `, next ${next}`}` : ''
  ].filter(Boolean)
  return parts.length === 0 ? [] : [{ rank: RANK.folded, text: `… ${parts.join('; ')}` }]
}
