import type { SolverOptions } from '../solvers/options.js'
import { predictor, type Predictor } from '../solvers/predictor.js'
import type { SampleStage } from '../spec/experiment.js'
import { EpdError } from '../errors.js'
import type { StageContext } from './stage.js'

/** The solver of a sample stage, its predictor read from the stage that distilled it. */
export function solverOptions({ solver, from }: SampleStage, { store, inputKey }: StageContext): SolverOptions {
  if (solver.name !== 'epd') return solver
  const row = from === undefined ? undefined : store.predictor(inputKey(from))
  if (!row) throw new EpdError('not-found', `the predictor of stage "${from ?? ''}" is not in the store; run again`)
  return { ...solver, predictor: toPredictor(row.predictor) }
}

/** A predictor from its JSON form. @throws EpdError `store-corrupt` */
export function toPredictor(value: unknown): Predictor {
  if (isPredictor(value)) return predictor(value)
  throw new EpdError('store-corrupt', 'a stored predictor is not one; forget its stage and run again')
}

function isPredictor(value: unknown): value is Predictor {
  if (typeof value !== 'object' || value === null) return false
  if (!('r' in value && 'weight' in value && 'scaleDir' in value && 'scaleTime' in value && 'ranges' in value))
    return false
  return [value.r, value.weight, value.scaleDir, value.scaleTime].every(isTable) && typeof value.ranges === 'object'
}

function isTable(value: unknown): boolean {
  return Array.isArray(value) && value.every(row => Array.isArray(row) && row.every(Number.isFinite))
}
