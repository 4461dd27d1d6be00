import { nearestNfe, numStepsFor, type Costed } from '../solvers/nfe.js'
import { schedule as timePoints } from '../solvers/schedule.js'
import type { ScheduleSpec } from '../solvers/spec.js'
import { either, expected, type Path, type Report } from './problem.js'

/** The time points with which a solver takes so many evaluations; where there are none, that is reported. */
export function numStepsAt(solver: Costed, nfe: number, path: Path, report: Report): number | undefined {
  const numSteps = numStepsFor(solver, nfe)
  if (numSteps !== undefined) return numSteps
  const near = nearestNfe(solver, nfe).map(String)
  const what = `an nfe that ${solver.name}${solver.afs ? ' with afs' : ''} can meet, such as ${either(near)}`
  report([...path, 'nfe'], expected(what, nfe))
  return undefined
}

/** Time points with which a schedule is tried, as many as a teacher may put there. */
const FINE = 1000

/** Whether a schedule can cross its noise range; where not, that is reported. */
export function checkSchedule(schedule: ScheduleSpec, path: Path, report: Report): boolean {
  const { sigmaMin, sigmaMax, type } = schedule
  if (sigmaMin >= sigmaMax) {
    report([...path, 'sigmaMin'], `expected sigmaMin below sigmaMax, found ${sigmaMin} and ${sigmaMax}`)
    return false
  }
  try {
    if (type !== 'discrete') timePoints({ ...schedule, numSteps: FINE })
    return true
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    report(path, `expected a noise range that ${type} can cross, found one where ${error.message}`)
    return false
  }
}
