import { EpdError } from '../errors.js'
import type { Predictor } from '../solvers/predictor.js'
import { meanSquare, type Look } from './objective.js'
import type { Setting, Walk } from './student.js'
import type { Trajectories } from './trajectories.js'

/** One iteration, as it is logged. */
export interface Iteration {
  /** From 1. */
  readonly iteration: number
  readonly phase: 'step' | 'final' | 'adam'
  /** The step that is fitted, in phase `step`. */
  readonly step?: number
  /** Mean squared difference to the teacher, of what this phase looks at. */
  readonly loss: number
  readonly validationLoss?: number
  /** Student evaluations of single samples since the beginning. */
  readonly evaluations: number
  /** The same, had gradients come from backpropagation (three evaluations for one forward and backward). */
  readonly backpropagated?: number
  readonly accepted: boolean
  readonly damping?: number
}

/** What an optimiser is given. */
export interface Task<Optimizer, State, On = Setting, Start = Predictor> {
  readonly setting: On
  readonly training: Trajectories
  readonly validation?: Trajectories
  /** The time points that the objective looks at. */
  readonly at: readonly number[]
  readonly look: Look
  readonly start: Start
  readonly optimizer: Optimizer
  readonly resume?: State
  readonly onIteration?: (row: Iteration, state: State) => void | Promise<void>
}

/** What an optimiser finds. */
export interface Found<Result = Predictor> {
  readonly predictor: Result
  readonly loss: number
  readonly validationLoss?: number
  readonly evaluations: number
  readonly backpropagated?: number
}

/** How far a walk is from the trajectories that it follows, at these time points and as the task looks at them. */
export async function lossOf(
  { look }: Pick<Task<unknown, unknown>, 'look'>,
  { states }: Walk,
  followed: Trajectories,
  at: readonly number[]
): Promise<number> {
  const count = followed.seeds.length
  return meanSquare(await look(states, at, count), await look(followed.states, at, count), at)
}

/** @throws EpdError where a loss is not a number. */
export function finite(loss: number): number {
  if (Number.isFinite(loss)) return loss
  throw new EpdError('model-output', 'distill: the student does not stay finite from its start; check the model')
}
