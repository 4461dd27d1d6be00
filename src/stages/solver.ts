import { EpdError } from '../errors.js'
import { checkLearned, isLearned } from '../predictors/record.js'
import { isAmed, isEpd, type Learned } from '../solvers/learned.js'
import type { SolverOptions } from '../solvers/options.js'
import { stretched } from '../solvers/predictor.js'
import { pointsAboveZero, type StudentSpec } from '../solvers/spec.js'
import type { Store } from '../store/store.js'
import type { SampleStage } from './sample.js'
import type { StageContext } from './stage.js'

/** A solver ready to run, with the time points above 0 that it brings. */
export interface Sampler {
  readonly solver: SolverOptions
  readonly sigmas?: Float64Array
}

/** The solver of a sample stage, with what was learned for it: by the stage that distilled it, or a predictor by its name. */
export function samplerOf(stage: SampleStage, { store, inputKey }: StageContext): Sampler {
  const { solver, from, predictor, mismatched } = stage
  if (solver.name === 'paradigms') return { solver }
  const learned = from === undefined ? predictor?.learned : learnedBy(store, inputKey(from), from)
  if (!learned) return { solver: plain(solver) }
  if (mismatched) return { solver: withLearned(solver, onOthers(learned, solver)) }
  const checked = checkLearned(learned, solver)
  const sigmas = 'sigmas' in checked && checked.sigmas ? Float64Array.from(checked.sigmas) : undefined
  return { solver: withLearned(solver, checked), sigmas }
}

/** What was learned on other time points: each step has the parameters of the nearest one, and no time points are kept. */
function onOthers(learned: Learned, solver: StudentSpec): Learned {
  return isEpd(learned) ? stretched(learned, pointsAboveZero(solver) - 1) : learned
}

function withLearned(solver: StudentSpec, learned: Learned): SolverOptions {
  if (solver.name === 'epd' && isEpd(learned)) return { ...solver, predictor: learned }
  if (solver.name === 'amed' && isAmed(learned)) return { ...solver, predictor: learned }
  return plain(solver)
}

function plain(solver: StudentSpec): SolverOptions {
  if (solver.name !== 'epd' && solver.name !== 'amed') return solver
  throw new EpdError('store-corrupt', `what was learned is not for ${solver.name}; forget its stage and run again`)
}

/** What a distill stage has found. @throws EpdError `not-found`, `store-corrupt` */
function learnedBy(store: Store, key: string, name: string): Learned {
  const row = store.predictor(key)
  if (!row) throw new EpdError('not-found', `the predictor of stage "${name}" is not in the store; run again`)
  if (isLearned(row.predictor)) return row.predictor
  throw new EpdError('store-corrupt', 'a stored predictor is not one; forget its stage and run again')
}
