import { wrongFileName } from '../reading/file-names.js'
import { EpdError } from '../errors.js'
import type { Shape } from '../models/denoiser.js'
import type { Learned } from '../solvers/learned.js'
import { SOLVERS } from '../solvers/registry.js'
import type { SolverSpec } from '../solvers/spec.js'
import { DEFAULT_SCHEDULE, resolveSolver, SOLVER, solverSchema } from '../solvers/read.js'
import { child, copy, isMapping } from '../reading/plain.js'
import type { Report } from '../reading/problem.js'
import { checkLearned } from './learned.js'
import { readLearned } from './written.js'

/** What was learned, with the solver and the model that it was learned for: what import reads and export writes. */
export interface PredictorRecord {
  readonly name: string
  readonly solver: SolverSpec
  readonly learned: Learned
  readonly model: ModelMark
  /** FID that was published for it. */
  readonly fid?: number
}

/** What is known of a model, to tell it from another. */
export interface ModelMark {
  readonly dataset?: string
  readonly shape?: Shape
  readonly labelDim?: number
  /** SHA-256 over graph, weights and preconditioning. */
  readonly digest?: string
}

/**
 * A record from plain data, as export writes it.
 * @throws EpdError `predictor-invalid` that says what is wrong with it
 */
export function parseRecord(value: unknown, source: string): PredictorRecord {
  const invalid = (what: string, cause?: unknown) => new EpdError('predictor-invalid', `${source}: ${what}`, { cause })
  if (!isMapping(value) || !isMapping(value.solver) || !isMapping(value.learned))
    throw invalid('is no predictor; expected an exported predictor, with name, solver and learned')
  const { name, learned, model = {}, fid } = value
  if (typeof name !== 'string' || !NAME.test(name)) throw invalid(`its name must be ${NAME_RULE}`)
  const unfit = wrongFileName(name)
  if (unfit !== undefined)
    throw new EpdError('predictor-invalid', `${source}: name: ${unfit}`, { wayOut: 'another-name' })
  const solver = solverOf(value.solver, invalid)
  try {
    const checked = checkLearned(readLearned(learned), solver)
    return { name, solver, learned: checked, model: modelOf(model), ...(typeof fid === 'number' && { fid }) }
  } catch (error) {
    if (error instanceof RangeError) throw invalid(error.message, error)
    throw error
  }
}

/** What a predictor may be called. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9._+()@=,-]*$/
export const NAME_RULE = 'letters, digits and . _ + - ( ) @ = , after a letter or a digit'

function modelOf(value: unknown): ModelMark {
  if (!isMapping(value)) return {}
  const { dataset, shape, labelDim, digest } = value
  return {
    ...(typeof dataset === 'string' && { dataset }),
    ...(isShape(shape) && { shape }),
    ...(typeof labelDim === 'number' && { labelDim }),
    ...(typeof digest === 'string' && { digest })
  }
}

function isShape(value: unknown): value is Shape {
  return Array.isArray(value) && value.length === 3 && value.every(size => Number.isInteger(size) && size > 0)
}

/** Mistakes told at once. */
const TOLD = 5

function copied(given: unknown, invalid: (what: string) => EpdError): unknown {
  try {
    return copy(given)
  } catch (error) {
    throw invalid(`solver: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** A solver as a record holds it: on numSteps time points, with defaults for what it does not say. */
function solverOf(given: unknown, invalid: (what: string) => EpdError): SolverSpec {
  const schema = solverSchema()
  const isSolver = schema.is(SOLVER)
  const value = copied(given, invalid)
  const name = child(value, 'name')
  const learns = SOLVERS.find(solver => solver.name === name)?.learns
  const nothing = `solver.name: expected one that something can be learned for, found ${JSON.stringify(name)}`
  if (learns === 'nothing') throw invalid(nothing)
  // It follows from the others.
  if (isMapping(value)) delete value.nfe
  const problems = schema.check(value, SOLVER)
  const report: Report = (path, message) => problems.push({ path, message })
  const found = isSolver(value) ? resolveSolver(value, [], DEFAULT_SCHEDULE, report, SOLVERS) : undefined
  if (problems.length > 0) {
    const told = problems.slice(0, TOLD).map(({ path, message }) => `${['solver', ...path].join('.')}: ${message}`)
    throw invalid(told.join('; '))
  }
  if (found) return found
  throw invalid(nothing)
}

/** Predictors by their names. */
export interface PredictorSource {
  /** The names of all predictors. */
  readonly names: () => readonly string[]
  /** A predictor by its name. */
  readonly get: (name: string) => PredictorRecord | undefined
}
