import { parallelNfe } from '../solvers/nfe.js'
import { describeGrid, gridOf, type StudentSpec } from '../solvers/spec.js'
import { expected, type Path, type Report } from './problem.js'
import type { RawUsed } from './raw.js'
import { checkSchedule, numStepsAt } from './time-points.js'

/** What becomes of a solver that is used otherwise than it was distilled for. */
export interface Reuse {
  readonly report: Report
  readonly allowMismatch: boolean
  readonly warn: (path: Path, message: string) => void
}

/** A distilled solver on the time points that it is to be used on: those that it was distilled for, unless others are asked for. */
export function reused(
  solver: StudentSpec,
  { nfe, numSteps: points, schedule = solver.schedule }: Omit<RawUsed, 'from'>,
  what: string,
  path: Path,
  { report, allowMismatch, warn }: Reuse
): { readonly solver: StudentSpec; readonly mismatched?: true } | undefined {
  const numSteps = points ?? (nfe === undefined ? solver.numSteps : numStepsAt(solver, nfe, path, report))
  if (!checkSchedule(schedule, [...path, 'schedule'], report) || numSteps === undefined) return undefined
  const wanted = { ...solver, schedule, numSteps, nfe: parallelNfe(solver, numSteps) }
  const [own, other] = [describeGrid(gridOf(solver)), describeGrid(gridOf(wanted))]
  if (own === other) return { solver }
  if (!allowMismatch) {
    report(
      path,
      `${expected(`the time points that ${what} was distilled for (${own})`, other)}; --allow-mismatch uses it all the same`
    )
    return undefined
  }
  warn(path, `${what} was distilled for ${own}, and is used on ${other}`)
  return { solver: wanted, mismatched: true }
}
