import { flowSigma } from './coordinates.js'
import { LAST_TIME, lastFlowTime, type FlowSpacing } from './flow-times.js'
import type { ScheduleType } from './schedule.js'

/** A solver by its name, with options as the descriptor of that name has them. */
export interface SolverChoice {
  readonly name: string
  readonly [option: string]: unknown
}

/**
 * A solver on its time points as plain data: what a spec resolves to, what is stored, and what a predictor is kept
 * with.
 */
export interface SolverSpec extends SolverChoice, OnGrid {}

/**
 * A schedule as plain data. What is absent is as it is by default, so that keys of stages do not know of options that
 * they do not use.
 */
export type ScheduleSpec = SpacedSchedule | FlowSchedule | ExplicitSchedule

/** What every schedule may hold as plain data. */
export interface AnySchedule {
  readonly finalSigma?: 'zero'
  readonly noiseScale?: 'unit-variance'
}

/** A schedule that a formula spaces. */
export interface SpacedSchedule extends AnySchedule {
  readonly type: ScheduleType
  readonly rho: number
  /** Absent until the model is open: its own. */
  readonly sigmaMin?: number
  readonly sigmaMax?: number
  readonly precision?: 'float32'
}

/** A schedule of flow matching, from noise alone at t = 1. */
export interface FlowSchedule extends Pick<AnySchedule, 'finalSigma'>, FlowSpacing {
  readonly type: 'flowmatch'
  readonly noiseScale?: undefined
}

/** A schedule as a list of noise levels, of times t of a flow, or of times of the model. */
export interface ExplicitSchedule extends AnySchedule {
  readonly type: 'explicit'
  readonly sigmas?: readonly number[]
  readonly times?: readonly number[]
  /** Only until the model is open, which tells their noise levels. */
  readonly timesteps?: readonly number[]
}

/** A schedule with its number of time points. */
export type GridSpec = ScheduleSpec & { readonly numSteps: number }

/** What a solver takes its steps on. */
export interface OnGrid {
  readonly schedule: ScheduleSpec
  /** Time points. */
  readonly numSteps: number
  /** Parallel evaluations. */
  readonly nfe: number
}

/** Whether the last time point is a noise level of 0. */
export function endsAtZero(schedule: ScheduleSpec): boolean {
  return schedule.finalSigma === 'zero' || (schedule.type === 'explicit' && levelsOf(schedule)?.at(-1) === 0)
}

/** The time points above 0: what is learned, and what a teacher leads to, ends with them. */
export function pointsAboveZero({ schedule, numSteps }: Pick<OnGrid, 'schedule' | 'numSteps'>): number {
  return numSteps - (endsAtZero(schedule) ? 1 : 0)
}

/** The time points above 0 as a schedule of their own. */
export function gridOf(solver: Pick<OnGrid, 'schedule' | 'numSteps'>): GridSpec {
  const numSteps = pointsAboveZero(solver)
  const schedule = withoutZero(solver.schedule)
  if (schedule.type !== 'explicit') return { ...schedule, numSteps }
  const { sigmas, times } = schedule
  return {
    ...schedule,
    ...(sigmas && { sigmas: sigmas.slice(0, numSteps) }),
    ...(times && { times: times.slice(0, numSteps) }),
    numSteps
  }
}

/** The noise levels of a list, as far as they are known without a model. */
export function levelsOf({ sigmas, times }: Pick<ExplicitSchedule, 'sigmas' | 'times'>): readonly number[] | undefined {
  return sigmas ?? times?.map(flowSigma)
}

function withoutZero(schedule: ScheduleSpec): ScheduleSpec {
  const { finalSigma, ...rest } = schedule
  return finalSigma === undefined ? schedule : rest
}

/** The ends of a schedule above 0, as far as they are known. */
export function endsOf(schedule: ScheduleSpec): { readonly sigmaMin?: number; readonly sigmaMax?: number } {
  if (schedule.type === 'flowmatch') return { sigmaMin: flowSigma(lastFlowTime(schedule)), sigmaMax: Infinity }
  if (schedule.type !== 'explicit') return { sigmaMin: schedule.sigmaMin, sigmaMax: schedule.sigmaMax }
  const positive = levelsOf(schedule)?.filter(sigma => sigma > 0)
  return { sigmaMin: positive?.at(-1), sigmaMax: positive?.at(0) }
}

/** Time points in words. */
export function describeGrid(grid: GridSpec): string {
  const options = [
    ...(grid.finalSigma === 'zero' ? ['to 0 at last'] : []),
    ...(precisionOf(grid) ? [`in ${precisionOf(grid)}`] : []),
    ...(grid.noiseScale ? [`from noise of ${grid.noiseScale.replace('-', ' ')}`] : [])
  ]
  return [`${grid.numSteps} ${describeSpacing(grid)}`, ...options].join(', ')
}

function describeSpacing(grid: GridSpec): string {
  if (grid.type === 'flowmatch') return describeFlow(grid)
  if (grid.type === 'explicit') {
    if (grid.times) return `explicit times ${listed(grid.times)}`
    return grid.sigmas ? `explicit ${listed(grid.sigmas)}` : `explicit timesteps ${listed(grid.timesteps ?? [])}`
  }
  return `${grid.type}${grid.type === 'logsnr' ? '' : ` rho ${grid.rho}`} ${describeEnds(grid)}`
}

function describeFlow({ shift = 1, mu, shifted, last = LAST_TIME }: FlowSchedule): string {
  const by = mu === undefined ? `shift ${shift}` : `mu ${mu}`
  return `flowmatch ${by}${shifted === 'twice' ? ', shifted twice' : ''}, from t = 1 to ${last} before the shift`
}

/** The precision in which time points are computed, where it is not double. */
export function precisionOf(schedule: ScheduleSpec): 'float32' | undefined {
  return schedule.type === 'explicit' || schedule.type === 'flowmatch' ? undefined : schedule.precision
}

/** Where time points begin and end, in words. */
export function describeEnds(schedule: ScheduleSpec): string {
  const { sigmaMin, sigmaMax } = endsOf(schedule)
  if (sigmaMin === undefined && sigmaMax === undefined) return "over the model's range"
  return `from ${sigmaMax ?? "the model's first"} to ${sigmaMin ?? "the model's last"}`
}

/** Numbers that are shown of a long list. */
const SHOWN = 8

function listed(numbers: readonly number[]): string {
  const shown = numbers.length > SHOWN ? [...numbers.slice(0, SHOWN - 1), '...', numbers[numbers.length - 1]] : numbers
  return shown.join(', ')
}
