import { power } from '../power.js'
import type { Predictor } from '../solvers/predictor.js'
import type { Block } from './block.js'
import { DAMPING_MIN, type Fit, type Trial } from './least-squares.js'
import { clamped, tables, withCoordinates, type LearnedTables } from './parameters.js'
import type { TapedStudent } from './student.js'
import type { Task } from './task.js'

/** Levenberg-Marquardt: a fit of each step to the teacher's next state, then of all steps from end to end. */
export interface LevenbergMarquardtOptions {
  readonly name: 'levenberg-marquardt'
  /** The most iterations of each step's own fit; default 4. */
  readonly iterations?: number
  /** The most iterations from end to end; default 1, and 10 where time points are learned, which only these move. */
  readonly finalIterations?: number
  /**
   * How many places each step is surveyed at for the start of its points; default 9, and 0 for a normal start. With 0
   * they start where they are told to.
   */
  readonly places?: number
}

/** Options with their defaults, as an experiment states them. */
export type LevenbergMarquardtSpec = Required<Omit<LevenbergMarquardtOptions, 'places'>>

/** Where Levenberg-Marquardt stands: all that it needs to go on, beside its inputs. */
export interface LevenbergMarquardtState {
  readonly name: 'levenberg-marquardt'
  readonly phase: 'step' | 'final' | 'done'
  readonly step: number
  /** Iterations of this fit. */
  readonly round: number
  /** Iterations in all. */
  readonly iteration: number
  readonly tables: LearnedTables
  /** How many steps the model has already been evaluated on with these tables. */
  readonly walked: number
  /** The loss of this fit at these tables; null before its first iteration. */
  readonly loss: number | null
  readonly damping: number
  readonly difference: number | null
  readonly evaluations: number
  readonly best: Best | null
  /** Moves from end to end since the best one. */
  readonly stale: number
}

/** What did best on the validation trajectories. */
interface Best {
  readonly tables: LearnedTables
  readonly loss: number
  readonly validationLoss: number
}

/** A task with options, and the predictor that it starts from. */
export interface LevenbergMarquardtTask extends Task<TapedStudent> {
  readonly origin: Predictor
  readonly options: Required<LevenbergMarquardtOptions>
}

/** Marquardt's damping at the start of a step's fit, and from end to end, where steps upset each other. */
const DAMPING = 1e-2
const DAMPING_FINAL = 0.05
/** A fit ends when a move lowers the loss by less than this share of it. */
const TOLERANCE = 1e-2
const TOLERANCE_FINAL = 1e-3
/** Moves from end to end without a gain in validation before it stops. */
const PATIENCE = 2
/** The state before the first iteration. */
export function first({ origin, options }: LevenbergMarquardtTask): LevenbergMarquardtState {
  const canonical = blocksOf(origin).reduce(
    (predictor, i) => withCoordinates(predictor, i, clamped(predictor, i)),
    origin
  )
  const stepwise = options.iterations !== 0 && origin.r.length > 0
  return {
    name: 'levenberg-marquardt',
    phase: stepwise ? 'step' : options.finalIterations !== 0 ? 'final' : 'done',
    step: 0,
    round: 0,
    iteration: 0,
    tables: tables(canonical),
    walked: 0,
    loss: null,
    damping: stepwise ? DAMPING : DAMPING_FINAL,
    difference: null,
    evaluations: 0,
    best: null,
    stale: 0
  }
}

/** All blocks that are fitted from end to end. */
function blocksOf({ r, sigmas }: LearnedTables): Block[] {
  return [...r.keys(), ...(sigmas ? (['sigmas'] as const) : [])]
}

/** The predictor of such tables. */
export function predictorOf({ origin }: LevenbergMarquardtTask, tables: LearnedTables): Predictor {
  return { ...tables, ranges: origin.ranges }
}

/** The least squares problem that a state is at. */
export function fitOf(
  { setting, at }: LevenbergMarquardtTask,
  { phase, step, tables }: LevenbergMarquardtState,
  difference: number
): Fit {
  return phase === 'step'
    ? { blocks: [step], at: [step + 1], extent: step + 1, difference }
    : { blocks: blocksOf(tables), at, extent: setting.sigmas.length - 1, difference }
}

/** The state after a move. `gain`: the share of the expected fall that the loss fell by. */
export function accept(
  state: LevenbergMarquardtState,
  { predictor, loss }: Trial,
  gain: number
): LevenbergMarquardtState {
  const damping = Math.max(state.damping * Math.max(1 / 5, 1 - power(2 * gain - 1, 3)), DAMPING_MIN)
  return { ...state, tables: tables(predictor), loss, damping }
}

/** Whether a fit has ended with an iteration whose move lowered `loss` by `fall`. */
export function hasEnded(
  { options }: LevenbergMarquardtTask,
  state: LevenbergMarquardtState,
  fall: number,
  loss: number
): boolean {
  const { phase, round, stale } = state
  const [tolerance, rounds] =
    phase === 'step' ? [TOLERANCE, options.iterations] : [TOLERANCE_FINAL, options.finalIterations]
  return !(fall > tolerance * loss) || round >= rounds || stale >= PATIENCE
}

/** The state at the beginning of the next fit, or at the end. */
export function nextFit(
  { setting, options }: LevenbergMarquardtTask,
  state: LevenbergMarquardtState
): LevenbergMarquardtState {
  const last = setting.sigmas.length - 2
  if (state.phase === 'final' || (state.step === last && options.finalIterations === 0))
    return { ...state, phase: 'done' }
  const fresh = { ...state, round: 0, loss: null }
  return state.step === last
    ? { ...fresh, phase: 'final', damping: DAMPING_FINAL }
    : { ...fresh, step: state.step + 1, damping: DAMPING }
}
