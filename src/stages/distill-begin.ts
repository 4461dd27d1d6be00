import type { Denoiser } from '../models/denoiser.js'
import { expected, quote, type Path } from '../reading/problem.js'
import { hasParameters } from '../solvers/learned.js'
import { startFactor } from '../solvers/noise.js'
import { bound } from '../solvers/options.js'
import type { RawUsed } from '../solvers/read.js'
import type { Solvers } from '../solvers/registry.js'
import { reused } from '../solvers/reuse.js'
import { positive, schedule } from '../solvers/schedule.js'
import type { SolverSpec } from '../solvers/spec.js'
import { tableOf } from '../solvers/table-of.js'
import type { Table } from '../solvers/table.js'
import type { StageBase } from './base.js'
import { tableEffort } from './cost.js'
import { samplerOf, type ChosenSolver } from './solver.js'
import type { Chosen, ResolveContext } from './spec.js'
import type { StageContext } from './stage.js'

/** The table of the solver that a student starts from, above a noise level of 0. */
export function tableToBegin(begin: ChosenSolver, model: Denoiser, context: StageContext): Table {
  const { solver, sigmas: own } = samplerOf(begin, context)
  const { schedule: grid, numSteps } = begin.solver
  const sigmas = positive(own ?? schedule({ ...grid, numSteps, model }))
  return tableOf(solver, sigmas, startFactor(sigmas[0], grid.noiseScale))
}

/** What is wrong with the solver that a student starts from, if anything is. */
function startFault(
  { solver, from, predictor }: ChosenSolver,
  student: SolverSpec,
  solvers: Solvers
): string | undefined {
  const { descriptor, options } = bound(solver, solvers)
  const { name } = solver
  if (hasParameters(descriptor.learns) && from === undefined && !predictor)
    return expected('a solver without parameters, or { from: ... } with what was learned', name)
  const bent = descriptor.nonlinear?.(options)
  if (bent !== undefined) return `expected a linear solver, found ${name}: ${bent}`
  if (solver.nfe !== student.nfe)
    return `expected a start of ${student.nfe} NFE, as the student has, found ${solver.nfe}`
  const { layers, startLayers } = tableEffort(student, solver, solvers)
  const full = startLayers.findIndex((rows, i) => rows > layers[i])
  if (full < 0) return undefined
  const option = full === 0 ? 'firstPoints' : 'points'
  return `expected a start of at most ${layers[full]} parallel points, found ${startLayers[full]} in layer ${full + 1}; raise ${option}`
}

/**
 * The solver whose table a student is learned from, with what was learned for it; what does not fit is reported.
 * `studentOf`: the student of another distill stage.
 */
export function beginIn(
  start: Chosen | RawUsed,
  student: SolverSpec,
  studentOf: (stage: StageBase | undefined) => SolverSpec | undefined,
  context: ResolveContext
): ChosenSolver | undefined {
  const path = [...context.path, 'solver', 'start']
  const begin = 'from' in start ? usedFrom(start, studentOf(context.find(start.from)), path, context) : start
  const wrong = begin && startFault(begin, student, context.solvers)
  if (wrong === undefined) return begin
  context.report(path, wrong)
  return undefined
}

function usedFrom(
  used: RawUsed,
  student: SolverSpec | undefined,
  path: Path,
  context: ResolveContext
): ChosenSolver | undefined {
  const chosen = student && reused(student, used, `stage ${quote(used.from)}`, path, context)
  return chosen && { ...chosen, from: used.from }
}
