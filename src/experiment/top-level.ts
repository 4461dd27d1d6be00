import type { GeneratorName } from '../random/latents.js'
import type { PredictorSource } from '../predictors/record.js'
import { child, isMapping } from '../reading/plain.js'
import { expected, type Path } from '../reading/problem.js'
import type { Compiled } from '../reading/schema.js'
import { DEFAULT_SCHEDULE, resolveSolver, SOLVER, USED, type RawSolver, type RawUsed } from '../solvers/read.js'
import { reused, type Reuse } from '../solvers/reuse.js'
import type { SolverDescriptor } from '../solvers/descriptor.js'
import { filled } from '../solvers/filled.js'
import { solverNamed } from '../solvers/registry.js'
import type { ScheduleSpec, SolverSpec } from '../solvers/spec.js'
import { inheriting, scheduleOf } from '../solvers/time-points.js'
import { predictorIn, type Chosen } from '../stages/spec.js'

/** What a spec says for all of its stages, as far as it can be told. */
export interface TopLevel {
  readonly generator: GeneratorName
  /** Whether the spec has prompts, whatever they are. */
  readonly prompted: boolean
  readonly solverAt: (raw: unknown, path: Path, reuse: Reuse) => Chosen | undefined
  /** The top-level solver; absent where it is wrong, and reported. */
  readonly studied?: Chosen
}

export function readTopLevel(spec: unknown, schema: Compiled, predictors: PredictorSource, reuse: Reuse): TopLevel {
  const isUsed = schema.is(USED)
  const isSolver = schema.is(SOLVER)
  const top = child(spec, 'solver')
  const known = isUsed(top) ? predictorOf(top, predictors)?.solver.schedule : undefined
  const schedule = topSchedule(isSolver(top) || isUsed(top) ? top.schedule : undefined, known)
  const solverAt = (raw: unknown, path: Path, how: Reuse): Chosen | undefined => {
    if (isUsed(raw)) return predictorIn(raw.from) === undefined ? undefined : named(raw, path, predictors, how)
    if (!isSolver(raw)) return undefined
    if (!startsFrom(solverNamed(raw.name, how.solvers))) {
      const solver = resolveSolver(raw, path, schedule, how.report, how.solvers)
      return solver && { solver }
    }
    const { start, ...own } = raw
    const solver = resolveSolver(own, path, schedule, how.report, how.solvers)
    if (!solver) return undefined
    const from = [...path, 'start']
    return { solver, start: isUsed(start) ? usedAt(start, from, how) : startAt(start, solver, from, how) }
  }
  /** A predictor in use, or the student of a distill stage, which only the stage that uses it can find. */
  const usedAt = (raw: RawUsed, path: Path, how: Reuse): Chosen | RawUsed | undefined =>
    predictorIn(raw.from) === undefined ? raw : named(raw, path, predictors, how)
  return {
    generator: child(spec, 'generator') === 'torch-cuda' ? 'torch-cuda' : 'torch-cpu',
    prompted: child(spec, 'prompts') !== undefined,
    solverAt,
    studied: solverAt(top, ['solver'], reuse)
  }
}

/** Whether a solver is learned from the table of another. */
function startsFrom({ options }: SolverDescriptor): boolean {
  return Object.hasOwn(options, 'start') && options.start.startsFrom === true
}

/** A solver to start from, with as many evaluations and on the same schedule as what starts from it. */
function startAt(raw: unknown, { nfe, schedule }: SolverSpec, path: Path, how: Reuse): Chosen | undefined {
  const { solvers, report } = how
  const name = child(raw, 'name')
  const descriptor = solvers.find(each => each.name === name)
  if (!descriptor || !isMapping(raw)) return undefined
  const grid = child(raw, 'numSteps') === undefined ? { nfe } : {}
  const solver = resolveSolver(
    { ...grid, ...filled(descriptor, raw), name: descriptor.name },
    path,
    schedule,
    report,
    solvers
  )
  return solver && { solver }
}

/** The schedule of the top-level solver, which is that of others too. */
function topSchedule(given: RawSolver['schedule'], known: ScheduleSpec | undefined): ScheduleSpec {
  if (given) return scheduleOf(known ? inheriting(given, known) : given)
  return known ?? DEFAULT_SCHEDULE
}

function predictorOf({ from }: RawUsed, predictors: PredictorSource) {
  const name = predictorIn(from)
  return name === undefined ? undefined : predictors.get(name)
}

/** A predictor by its name, as it was distilled unless told otherwise. */
function named(raw: RawUsed, path: Path, predictors: PredictorSource, reuse: Reuse): Chosen | undefined {
  const name = predictorIn(raw.from) ?? ''
  const predictor = predictors.get(name)
  if (!predictor) {
    const names = predictors.names()
    const near = expected('a predictor that is imported, published, or distilled as RUN/STAGE', name, names)
    reuse.report([...path, 'from'], near, 'list-predictors')
    return undefined
  }
  const found = reused(predictor.solver, raw, `predictor ${name}`, path, reuse)
  return found && { ...found, predictor }
}
