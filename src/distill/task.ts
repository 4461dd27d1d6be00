import { EpdError } from '../errors.js'
import type { Learned } from '../solvers/learned.js'
import { meanSquare, type Look } from './objective.js'
import type { Setting, Student, Walk } from './student.js'
import type { Trajectories } from './trajectories.js'

/** One iteration, as it is logged. */
export interface Iteration {
  /** Counted from 1. */
  readonly iteration: number
  readonly phase: 'step' | 'final' | 'adam' | 'search'
  /** The step that is fitted, in phase `step`. */
  readonly step?: number
  /** What of a table is fitted: see `TableState.phase`. */
  readonly tablePhase?: 'few' | 'rows' | 'points'
  /** Mean squared difference to the teacher, of what this phase looks at. */
  readonly loss: number
  readonly validationLoss?: number
  /** Student evaluations of single samples since the beginning. */
  readonly evaluations: number
  /** The evaluations, had gradients come from backpropagation (three evaluations for one forward and backward). */
  readonly backpropagated?: number
  readonly accepted: boolean
  readonly damping?: number
}

/** Where a student's parameters start: points spread evenly, or N(0, 1) as the paper. */
export type StartName = 'uniform' | 'normal'

/** What an optimiser is given. None of it changes while it works. */
export interface Task<Solver extends Student = Student> {
  readonly setting: Setting<Solver>
  readonly training: Trajectories
  readonly validation?: Trajectories
  /** The time points that the objective looks at. */
  readonly at: readonly number[]
  readonly look: Look
  /** Whether that is pixels, in which a final sample is linear in what makes it up. */
  readonly pixels: boolean
  readonly learnSigmas: boolean
  /** Absent where the optimiser's usual start is to be taken. */
  readonly start?: StartName
  /** The seed of everything drawn at random. */
  readonly seed: number
  /** Told within an iteration that takes long how many of its trajectories are done. */
  readonly onPart?: (done: number, total: number) => void
}

/** What an optimiser comes to. */
export interface Outcome<Result extends Learned = Learned> {
  readonly learned: Result
  /** Mean squared difference to the training trajectories, as the objective looks at them. */
  readonly loss: number
  readonly validationLoss?: number
  /** Evaluations of single samples by the student. */
  readonly evaluations: number
  /** The evaluations, had gradients come from backpropagation. */
  readonly backpropagated?: number
}

/** How far a walk is from the trajectories that it follows, at these time points and as the task looks at them. */
export async function lossOf(
  { look }: Pick<Task, 'look'>,
  { states }: Walk,
  followed: Trajectories,
  at: readonly number[]
): Promise<number> {
  const count = followed.seeds.length
  return meanSquare(await look(states, at, count), await look(followed.states, at, count), at)
}

/** @throws EpdError `model-output` where a loss is not a number */
export function finite(loss: number): number {
  if (Number.isFinite(loss)) return loss
  throw new EpdError('model-output', 'distill: the student does not stay finite from its start; check the model')
}
