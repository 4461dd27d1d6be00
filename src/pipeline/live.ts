import type { Cost, StageBase } from '../stages/kind.js'
import type { Progress } from '../stages/stage.js'
import type { ClaimHolder } from '../store/store.js'
import type { RunEvent } from './event.js'
import { measured, rateOf, type Measured } from './rate.js'
import { speedsWith, secondsFor, type Speeds } from './speeds.js'

/** How a run stands while it goes on. It is plain data: JSON keeps it. */
export interface LiveRun {
  /** How many stages the run has, and how many of them are in the store. */
  readonly stages: number
  readonly done: number
  /**
   * Seconds for all that is left, by the evaluations left and the rates measured so far; absent: nothing was measured.
   */
  readonly left?: number
  /** The stages that are computed or waited for, those that began first before the others. */
  readonly running: readonly LiveStage[]
  /** The last stages that were done, the newest last. */
  readonly recent: readonly DoneStage[]
  /** The first of the stages that are still to come. */
  readonly next?: string
}

/** A stage by its name, its kind, and what it does in a few words. */
export interface NamedStage {
  readonly name: string
  readonly kind: string
  readonly what: string
}

/** A stage that is under way. */
export interface LiveStage extends NamedStage {
  /** How much is done of how much, and in what unit; absent: the stage has not said yet. */
  readonly done?: number
  readonly total?: number
  readonly unit?: Progress['unit']
  /** Whether the stage may end before `done` has come to `total`. */
  readonly atMost?: boolean
  /** Seeds whose results are in the store. */
  readonly stored?: number
  /** Units a second, over the last half minute. */
  readonly rate?: number
  /** Seconds until `done` is `total`, at that rate. */
  readonly left?: number
  /** The newest lines worth reading, the newest last. */
  readonly notes: readonly string[]
  /** Who it is waited for; `{}` where that is not known. */
  readonly waiting?: { readonly holder?: ClaimHolder }
}

/** A stage that is done. */
export interface DoneStage extends NamedStage {
  /** How long it took; absent: it was in the store already. */
  readonly seconds?: number
}

/** Follows a run by its events. */
export interface LiveFollower {
  readonly take: (event: RunEvent) => void
  readonly live: () => LiveRun
}

/** A stage as it is expected to be. */
export interface ExpectedStage {
  readonly stage: StageBase
  /** Its result's name: stages of one key are computed once. */
  readonly key: string
  readonly what: string
  readonly cost: Cost
  /** Whether it is in the store before the run begins. */
  readonly complete: boolean
}

/** How many stages that are done, and how many lines of one under way, are remembered. */
const [RECENT, NOTES] = [8, 4]

/** What is known of a run. No state is ever changed. */
interface State {
  readonly stages: ReadonlyMap<string, ExpectedStage>
  /** Keys of the results that are in the store. */
  readonly done: ReadonlySet<string>
  readonly recent: readonly DoneStage[]
  /** The stages that are under way, by their names, in the order in which they began. */
  readonly running: ReadonlyMap<string, Running>
  readonly speeds: Speeds
}

interface Running {
  readonly name: string
  /** Milliseconds, by the clock of the follower. */
  readonly began: number
  readonly progress?: Progress
  /** The evaluations that were done before. */
  readonly before?: number
  readonly measured?: Measured
  readonly notes: readonly string[]
  readonly waiting?: { readonly holder?: ClaimHolder }
}

/** Follows a run of these stages, in their order. `clock`: milliseconds since some moment. */
export function followRun(
  stages: readonly ExpectedStage[],
  clock: () => number = () => performance.now()
): LiveFollower {
  let state: State = {
    stages: new Map(stages.map(one => [one.stage.name, one])),
    done: new Set(stages.flatMap(({ key, complete }) => (complete ? key : []))),
    recent: [],
    running: new Map(),
    speeds: new Map()
  }
  return {
    take(event) {
      state = after(state, event, clock())
    },
    live: () => liveOf(state, clock())
  }
}

function after(state: State, event: RunEvent, time: number): State {
  switch (event.type) {
    case 'started':
      return runningOn(state, { name: event.stage, began: time, notes: [] })
    case 'waiting':
      return runningOn(state, { name: event.stage, began: time, notes: [], waiting: { holder: event.holder } })
    case 'progress':
      return runningOn(state, progressed(state.running.get(event.stage), event, time))
    case 'cached':
      return ended(state, event.stage, undefined)
    case 'finished':
      return ended({ ...state, speeds: speedsAfter(state, event.stage, event.seconds) }, event.stage, event.seconds)
    case 'warning':
    case 'download':
    case 'downloaded':
      return state
  }
}

function runningOn(state: State, one: Running): State {
  return { ...state, running: new Map([...state.running, [one.name, one]]) }
}

/** Iterations are told beside evaluations, which the bar is made of; they bring lines. */
function progressed(
  before: Running | undefined,
  { stage, note, done, total, unit, atMost, stored }: Extract<RunEvent, { type: 'progress' }>,
  time: number
): Running {
  const running: Running = before ?? { name: stage, began: time, notes: [] }
  const notes =
    note === undefined || note === running.notes.at(-1) ? running.notes : [...running.notes, note].slice(-NOTES)
  if (unit === 'iterations' && running.progress?.unit === 'evaluations') return { ...running, notes }
  return {
    ...running,
    ...{ notes, before: running.before ?? done },
    progress: { done, total, unit, ...(atMost !== undefined && { atMost }), ...(stored !== undefined && { stored }) },
    measured: measured(running.measured, { time, done })
  }
}

function ended(state: State, name: string, seconds: number | undefined): State {
  const done = new Set([...state.done, ...keysOf(state, name)])
  const one = { ...namedIn(state, name), ...(seconds !== undefined && { seconds }) }
  const recent = [...state.recent.filter(other => other.name !== name), one].slice(-RECENT)
  return { ...state, done, recent, running: new Map([...state.running].filter(([other]) => other !== name)) }
}

/** The speeds with what a stage took. One that went on where an earlier sitting ended has done only what was left. */
function speedsAfter({ stages, running, speeds }: State, name: string, seconds: number): Speeds {
  const expected = stages.get(name)
  if (!expected) return speeds
  const own = running.get(name)
  const before = own?.progress?.unit === 'evaluations' ? (own.before ?? 0) : 0
  const evaluations = Math.max(expected.cost.evaluations - before, 0)
  return speedsWith(speeds, expected.stage.kind, { seconds, evaluations, stages: 1 })
}

function keysOf({ stages }: State, name: string): string[] {
  const key = stages.get(name)?.key
  return key === undefined ? [] : [key]
}

function namedIn({ stages }: State, name: string): NamedStage {
  const { stage, what = '' } = stages.get(name) ?? {}
  return { name, kind: stage?.kind ?? '', what }
}

function liveOf(state: State, time: number): LiveRun {
  const { stages, done, recent, running } = state
  const missing = [...stages.values()].filter(({ key }) => !done.has(key))
  const next = missing.find(({ stage }) => !running.has(stage.name))?.stage.name
  const live = [...running.values()].map(one => stageOf(state, one, time))
  const left = secondsLeft(state, live, time)
  return {
    ...{ stages: stages.size, done: stages.size - missing.length, recent },
    ...(left !== undefined && { left }),
    running: live,
    ...(next !== undefined && { next })
  }
}

function stageOf(state: State, { name, progress, measured, notes, waiting }: Running, time: number): LiveStage {
  const rate = measured && rateOf(measured, time)
  const left = progress && rate ? Math.max(progress.total - progress.done, 0) / rate : undefined
  return {
    ...namedIn(state, name),
    ...progress,
    ...(rate !== undefined && { rate }),
    ...(left !== undefined && { left }),
    notes,
    ...(waiting && { waiting })
  }
}

/**
 * What is left of the stages that run, and all evaluations of the stages to come at the speed of their kind, or, where
 * none of it has run yet, of all kinds. As many stages are taken to go on beside each other as do now.
 */
function secondsLeft(state: State, live: readonly LiveStage[], time: number) {
  const { stages, done, running, speeds } = state
  const spent = [...running.values()].flatMap(one => evidence(stages.get(one.name), one, time) ?? [])
  const known = spent.reduce((all, one) => speedsWith(all, one.kind, one), speeds)
  if (known.size === 0) return undefined
  const there = new Set([...done, ...[...running.keys()].flatMap(name => keysOf(state, name))])
  const toCome = new Map([...stages.values()].flatMap(one => (there.has(one.key) ? [] : [[one.key, one]])))
  const own = live.reduce((sum, { name, left }) => sum + (left ?? secondsFor(known, stages.get(name))), 0)
  const all = [...toCome.values()].reduce((sum, one) => sum + secondsFor(known, one), own)
  return all / Math.max(live.length, 1)
}

/** What the stage that runs tells of its kind's speed, if it counts evaluations and has done some. */
function evidence(expected: ExpectedStage | undefined, { began, progress, before = 0 }: Running, time: number) {
  if (!expected || progress?.unit !== 'evaluations' || progress.done <= before) return undefined
  const { kind } = expected.stage
  return { kind, seconds: (time - began) / 1000, evaluations: progress.done - before, stages: 0 }
}
