import { EpdError } from '../errors.js'
import { checkLearned, isLearned } from '../predictors/learned.js'
import type { PredictorRecord } from '../predictors/record.js'
import { hasParameters, isEpd, isPas, withLearned, type Learned } from '../solvers/learned.js'
import type { Bound } from '../solvers/descriptor.js'
import { bound } from '../solvers/options.js'
import { stretched, stretchedRows } from '../solvers/predictor.js'
import { pointsAboveZero, type SolverSpec } from '../solvers/spec.js'
import type { Store } from '../store/store.js'
import type { StageContext } from './stage.js'

/** A solver of a spec, with where its parameters come from. */
export interface ChosenSolver {
  readonly solver: SolverSpec
  /** The distill stage whose predictor, network or time points the solver takes. */
  readonly from?: string
  /** The predictor that the solver takes where no stage has it. */
  readonly predictor?: PredictorRecord
  /** Whether it is on other time points than those that it was distilled for. */
  readonly mismatched?: true
}

/** A solver ready to run, with the time points above 0 that it brings. */
export interface Sampler {
  readonly solver: Bound
  readonly sigmas?: Float64Array
}

/**
 * The solver of a sample stage, with what was learned for it: by the stage that distilled it, or a predictor by its
 * name.
 */
export function samplerOf(stage: ChosenSolver, { store, inputKey, solvers }: StageContext): Sampler {
  const { from, predictor, mismatched } = stage
  const solver = bound(stage.solver, solvers)
  const { name, learns } = solver.descriptor
  const learned = from === undefined ? predictor?.learned : learnedBy(store, inputKey(from), from)
  if (!hasParameters(learns) && (!learned || mismatched)) return { solver }
  if (!learned)
    throw new EpdError('store-corrupt', `what was learned is not for ${name}; forget its stage and run again`)
  const used = checkLearned(mismatched ? onOthers(learned, stage.solver) : learned, stage.solver, solvers)
  const sigmas = !mismatched && 'sigmas' in used && used.sigmas ? Float64Array.from(used.sigmas) : undefined
  return { solver: withLearned(solver, used), sigmas }
}

/**
 * What was learned on other time points: each step has the parameters of the nearest one, and no time points are kept.
 */
function onOthers(learned: Learned, solver: SolverSpec): Learned {
  const steps = pointsAboveZero(solver) - 1
  if (isPas(learned)) return { coordinates: stretchedRows(learned.coordinates, steps) }
  return isEpd(learned) ? stretched(learned, steps) : learned
}

/** What a distill stage has found. @throws EpdError `not-found`, `store-corrupt` */
function learnedBy(store: Store, key: string, name: string): Learned {
  const row = store.predictor(key)
  if (!row) throw new EpdError('not-found', `the predictor of stage "${name}" is not in the store; run again`)
  if (isLearned(row.predictor)) return row.predictor
  throw new EpdError('store-corrupt', 'a stored predictor is not one; forget its stage and run again')
}
