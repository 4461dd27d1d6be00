import { bound } from './options.js'
import { solverNamed, type Solvers } from './registry.js'
import { endsAtZero, gridOf, pointsAboveZero, type SolverSpec } from './spec.js'
import { differenceOf } from './grids.js'
import { expected, type Path, type Report } from '../reading/problem.js'
import type { RawUsed } from './read.js'
import { checkSchedule, countsOf, inheriting, scheduleOf } from './time-points.js'

/** What becomes of a solver that is used otherwise than it was distilled for. */
export interface Reuse {
  /** The solvers that a spec may name. */
  readonly solvers: Solvers
  readonly report: Report
  readonly allowMismatch: boolean
  /** Told of what is allowed, but may not be meant. */
  readonly warn: (path: Path, message: string) => void
}

/**
 * A distilled solver on the time points that it is to be used on: those that it was distilled for, unless others are
 * asked for. A last step to a noise level of 0 is not learned, so it may be added or left out.
 */
export function reused(
  solver: SolverSpec,
  { nfe, numSteps, schedule: given }: Omit<RawUsed, 'from'>,
  what: string,
  path: Path,
  { report, allowMismatch, warn, solvers }: Reuse
): { readonly solver: SolverSpec; readonly mismatched?: true } | undefined {
  const raw = given && inheriting(given, solver.schedule)
  if (raw && !checkSchedule(raw, [...path, 'schedule'], report)) return undefined
  const schedule = raw ? scheduleOf(raw) : solver.schedule
  const own = { numSteps: pointsAboveZero(solver) + (endsAtZero(schedule) ? 1 : 0) }
  const asked = nfe === undefined && numSteps === undefined && schedule.type !== 'explicit' ? own : { nfe, numSteps }
  const counts = countsOf(bound(solver, solvers), asked, schedule, path, report)
  if (!counts) return undefined
  const wanted = { ...solver, schedule, ...counts }
  const difference = differenceOf(gridOf(wanted), gridOf(solver), false)
  if (!difference) return { solver: wanted }
  const points = pointsAboveZero(solver)
  if (solverNamed(solver.name, solvers).learns === 'weights' && pointsAboveZero(wanted) !== points) {
    report(path, expected(`${points} time points above 0, for which ${what} has weights`, pointsAboveZero(wanted)))
    return undefined
  }
  const { taught, found } = difference
  if (bound(solver, solvers).descriptor.ownTimePoints) {
    report(path, `expected no other time points than those of ${what}, which are its own (${taught}), found "${found}"`)
    return undefined
  }
  if (!allowMismatch) {
    report(
      path,
      `expected the time points that ${what} was distilled for (${taught}), found "${found}"`,
      'allow-mismatch'
    )
    return undefined
  }
  warn(path, `${what} was distilled for ${taught}, and is used on ${found}`)
  return { solver: wanted, mismatched: true }
}
