import { nearestNfe, numStepsFor, parallelNfe, savesFirst } from './nfe.js'
import type { Bound } from './descriptor.js'
import { schedule as timePoints, type SpacedOptions } from './schedule.js'
import { endsAtZero, endsOf, type ExplicitSchedule, type FlowSchedule, type OnGrid, type ScheduleSpec } from './spec.js'
import { either, expected, type Path, type Report } from '../reading/problem.js'
import type { RawExplicit, RawFlow, RawSchedule } from './schedule-keys.js'

/** A schedule without what is as it is by default. */
export function scheduleOf(raw: RawSchedule): ScheduleSpec {
  const { finalSigma, noiseScale, ...rest } = raw
  const options = {
    ...(finalSigma === 'zero' && { finalSigma }),
    ...(noiseScale === 'unit-variance' && { noiseScale })
  }
  if (rest.type === 'explicit') return explicitOf({ ...rest, ...options })
  if (rest.type === 'flowmatch') return flowOf({ ...rest, finalSigma: options.finalSigma })
  const { precision, ...spaced } = rest
  return { ...spaced, ...(precision === 'float32' && { precision }), ...options }
}

/** The list of noise levels, if there is one, with its last noise level of 0. */
function explicitOf({ finalSigma, ...schedule }: ExplicitSchedule): ExplicitSchedule {
  const { sigmas, times } = schedule
  const levels = sigmas ?? times
  if (!levels) return { ...schedule, ...(finalSigma && { finalSigma }) }
  if (finalSigma !== 'zero' || levels.at(-1) === 0) return schedule
  return { ...schedule, ...(sigmas ? { sigmas: [...sigmas, 0] } : { times: [...levels, 0] }) }
}

/** A schedule of flow matching without what is as it is by default. */
function flowOf({ type, shift, mu, shifted, last, finalSigma }: RawFlow): FlowSchedule {
  return {
    type,
    ...(shift !== undefined && { shift }),
    ...(mu !== undefined && { mu }),
    ...(shifted === 'twice' && { shifted }),
    ...(last !== undefined && { last }),
    ...(finalSigma === 'zero' && { finalSigma })
  }
}

/** A schedule that says nothing of its ends, its precision or its noise, with those of another. */
export function inheriting(raw: RawSchedule, own: ScheduleSpec): RawSchedule {
  if (raw.type === 'flowmatch') return raw
  if (raw.type === 'explicit' || own.type === 'explicit' || own.type === 'flowmatch')
    return { noiseScale: own.noiseScale, ...raw }
  const { sigmaMin, sigmaMax, precision, noiseScale, finalSigma } = own
  return { sigmaMin, sigmaMax, precision, noiseScale, finalSigma, ...raw }
}

/** What a solver is given to find how many time points it has. */
export interface Counts {
  readonly nfe?: number
  readonly numSteps?: number
}

/** A solver's number of time points and of parallel evaluations; what does not go together is reported. */
export function countsOf(
  solver: Bound,
  { nfe, numSteps }: Counts,
  schedule: ScheduleSpec,
  path: Path,
  report: Report
): Pick<OnGrid, 'numSteps' | 'nfe'> | undefined {
  const zero = endsAtZero(schedule)
  if (schedule.type === 'explicit') {
    const found = { numSteps: lengthOf(schedule), nfe: parallelNfe(solver, lengthOf(schedule), zero) }
    const given = { numSteps, nfe }
    for (const key of ['numSteps', 'nfe'] as const) {
      if (given[key] === undefined || given[key] === found[key]) continue
      report([...path, key], againstList(found[key], given[key]))
      return undefined
    }
    return found
  }
  if (numSteps === undefined && nfe === undefined) {
    report(path, 'expected nfe or numSteps, found neither')
    return undefined
  }
  const points = numSteps ?? numStepsAt(solver, nfe ?? 1, zero, path, report)
  if (points === undefined) return undefined
  if (!zero || points >= 3) return { numSteps: points, nfe: parallelNfe(solver, points, zero) }
  report([...path, 'numSteps'], expected('3 or more with finalSigma zero', points))
  return undefined
}

/** The time points of an explicit schedule, which say how many there are. */
export function numStepsOfList(
  numSteps: number | undefined,
  schedule: ScheduleSpec,
  path: Path,
  report: Report
): number | undefined {
  if (schedule.type !== 'explicit') {
    if (numSteps === undefined) report([...path, 'numSteps'], expected('a whole number from 2 to 10000', undefined))
    return numSteps
  }
  const length = lengthOf(schedule)
  if (numSteps === undefined || numSteps === length) return length
  report([...path, 'numSteps'], againstList(length, numSteps))
  return undefined
}

function againstList(length: number, found: number): string {
  return `${expected(`${length}, as the explicit schedule has it`, found)}; leave it out, or give this solver a schedule of its own`
}

function lengthOf({ sigmas, times, timesteps, finalSigma }: ExplicitSchedule): number {
  return (sigmas ?? times)?.length ?? (timesteps?.length ?? 0) + (finalSigma === 'zero' ? 1 : 0)
}

/** The time points with which a solver takes so many evaluations; where there are none, that is reported. */
function numStepsAt(solver: Bound, nfe: number, zero: boolean, path: Path, report: Report): number | undefined {
  const numSteps = numStepsFor(solver, nfe, zero)
  if (numSteps !== undefined) return numSteps
  const near = nearestNfe(solver, nfe, zero).map(String)
  const what = `an nfe that ${solver.descriptor.name}${savesFirst(solver) ? ' with afs' : ''} can meet, such as ${either(near)}`
  report([...path, 'nfe'], expected(what, nfe))
  return undefined
}

/** Time points with which a schedule is tried, as many as a teacher may put there. */
const FINE = 1000

/** Whether a schedule can cross its noise range, as far as that is known; where not, that is reported. */
export function checkSchedule(raw: RawSchedule, path: Path, report: Report): boolean {
  if (raw.type === 'explicit') return checkList(raw, path, report)
  const wrong = (key: string, message: string) => {
    report([...path, key], message)
    return false
  }
  if (raw.type === 'flowmatch') {
    const both = raw.shift !== undefined && raw.mu !== undefined
    return both ? wrong('mu', 'expected shift or mu, which is its logarithm, found both') : true
  }
  const { sigmaMin, sigmaMax } = endsOf(scheduleOf(raw))
  const { type, rho, precision } = raw
  if (type === 'discrete' && precision === 'float32')
    return wrong('precision', expected('float64 with discrete, which takes its time points from the model', precision))
  if (sigmaMin === undefined || sigmaMax === undefined) return true
  if (sigmaMin >= sigmaMax)
    return wrong('sigmaMin', `expected sigmaMin below sigmaMax, found ${sigmaMin} and ${sigmaMax}`)
  const reason = type === 'discrete' ? undefined : uncrossable({ type, rho, sigmaMin, sigmaMax, precision })
  if (reason === undefined) return true
  report(path, `expected a noise range that ${type} can cross, found one where ${reason}`)
  return false
}

/** What was found of schedules, since the stages of a matrix have few between them. */
const tried = new Map<string, string | undefined>()
const TRIED_MAX = 1000

/** Why a schedule cannot cross its noise range; undefined if it can. */
function uncrossable(options: Omit<SpacedOptions, 'numSteps' | 'model'>): string | undefined {
  const { type, rho, sigmaMin, sigmaMax, precision } = options
  const key = [type, rho, sigmaMin, sigmaMax, precision].join(' ')
  if (tried.size >= TRIED_MAX) tried.clear()
  if (!tried.has(key)) tried.set(key, failureOf(options))
  return tried.get(key)
}

function failureOf(options: Omit<SpacedOptions, 'numSteps' | 'model'>): string | undefined {
  try {
    timePoints({ ...options, numSteps: FINE })
    return undefined
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return error.message
  }
}

/** What an explicit schedule may list. */
const LISTS = ['sigmas', 'times', 'timesteps'] as const

function checkList(raw: RawExplicit, path: Path, report: Report): boolean {
  const { finalSigma } = raw
  const keys = LISTS.filter(key => raw[key] !== undefined)
  const [key] = keys
  const list = keys.length === 1 ? raw[key] : undefined
  if (!list) {
    report(path, `expected sigmas, times or timesteps, found ${keys.length === 0 ? 'none' : keys.join(' and ')}`)
    return false
  }
  const wrong = list.findIndex((value, i) => i > 0 && !(value < list[i - 1]))
  if (wrong > 0) {
    report([...path, key, wrong], expected(`less than the ${list[wrong - 1]} before it`, list[wrong]))
    return false
  }
  if ((key === 'timesteps' || list[0] > 0) && list.length + (finalSigma === 'zero' ? 1 : 0) >= 2) return true
  report([...path, key], expected('2 time points or more', list))
  return false
}
