import { ref, type Schema } from '../reading/keys.js'
import { compiled, type Compiled } from '../reading/schema.js'
import { expected, type Path, type Report } from '../reading/problem.js'
import { highestOrder, unfitForFlow } from './base.js'
import { isInFlow } from './coordinates.js'
import type { Options, SolverDescriptor } from './descriptor.js'
import { solverDefinitions } from './definitions.js'
import { withoutImplied } from './filled.js'
import { bound } from './options.js'
import { SOLVERS, solverNamed, type Solvers } from './registry.js'
import type { RawSchedule } from './schedule-keys.js'
import { endsAtZero, endsOf, type ScheduleSpec, type SolverChoice, type SolverSpec } from './spec.js'
import { checkSchedule, countsOf, numStepsOfList, scheduleOf } from './time-points.js'

/** The time points of a solver as a spec writes them. */
export interface RawGrid {
  readonly nfe?: number
  readonly numSteps?: number
  readonly schedule?: RawSchedule
}

/** A solver as a spec writes it, with the defaults of its options. */
export interface RawSolver extends SolverChoice, RawGrid {}

/** A predictor in use, as `predictor:NAME`, or a distill stage by its name. */
export interface RawUsed extends RawGrid {
  readonly from: string
}

/** The schedule of a solver that names none: over the range of the model. */
export const DEFAULT_SCHEDULE: ScheduleSpec = { type: 'time_uniform', rho: 1 }

export const SOLVER = ref<RawSolver>('solver')
export const USED = ref<RawUsed>('used')

let own: Compiled | undefined

/** The JSON Schema of the project's solvers alone; its part `SOLVER` is one of them. */
export const SOLVER_SCHEMA: Schema = { $id: 'solvers.schema.json', $defs: solverDefinitions(SOLVERS) }

/** SOLVER_SCHEMA, ready to be compared with. */
export function solverSchema(): Compiled {
  return (own ??= compiled(SOLVER_SCHEMA, { isOwn: true }))
}

/** A solver that the schema has passed, on its time points; what is wrong with it is reported. */
export function resolveSolver(
  raw: RawSolver,
  path: Path,
  inherited: ScheduleSpec,
  report: Report,
  solvers: Solvers
): SolverSpec | undefined {
  const sound = raw.schedule === undefined || checkSchedule(raw.schedule, [...path, 'schedule'], report)
  if (!sound) return undefined
  const descriptor = solverNamed(raw.name, solvers)
  const schedule = raw.schedule ? scheduleOf(raw.schedule) : inherited
  const { nfe, numSteps: points, ...solver } = raw
  if (!descriptor.reachesZero && endsAtZero(schedule)) {
    report([...path, 'schedule'], `expected one that ends above 0, which ${raw.name} does not reach, found a last 0`)
    return undefined
  }
  if (!checkCoordinates(descriptor, solver, schedule, path, report)) return undefined
  if (descriptor.stopsItself) {
    const numSteps = numStepsOfList(points, schedule, path, report)
    return nfe !== undefined && numSteps !== undefined ? { ...solver, schedule, nfe, numSteps } : undefined
  }
  checkOrder(raw, highestOrder(descriptor, raw), path, report)
  const counts = countsOf(bound(solver, solvers), { nfe, numSteps: points }, schedule, path, report)
  return counts && { ...withoutImplied(descriptor, solver), schedule, ...counts }
}

/**
 * Whether a solver has the coordinates that its other options and its time points ask for; where not, that is reported.
 */
export function checkCoordinates(
  descriptor: SolverDescriptor,
  options: Options,
  schedule: ScheduleSpec,
  path: Path,
  report: Report
): boolean {
  const { name, ownTimePoints } = descriptor
  const unfit = unfitForFlow(descriptor, options)
  if (unfit) {
    report(
      [...path, unfit.option],
      `${expected('another one with coordinates: flow', options[unfit.option])}: ${unfit.why}`
    )
    return false
  }
  if (endsOf(schedule).sigmaMax !== Infinity || isInFlow(options) || ownTimePoints) return true
  report(
    path,
    `expected coordinates: flow, in which alone a solver begins at infinite noise (t = 1), found ${name} without it`
  )
  return false
}

/**
 * Whether the method that a solver is plugged into has its order; the schema has checked the order of one that is not
 * plugged in.
 */
function checkOrder({ maxOrder, base }: RawSolver, highest: number, path: Path, report: Report): void {
  if (typeof base !== 'string' || typeof maxOrder !== 'number' || maxOrder <= highest) return
  report([...path, 'maxOrder'], expected(`a whole number from 1 to ${highest} with base ${base}`, maxOrder))
}
