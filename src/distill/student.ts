import type { Denoiser } from '../models/denoiser.js'
import { drive, type Tape } from '../solvers/driver.js'
import type { AmedOptions } from '../solvers/amed.js'
import type { AmedPredictor } from '../solvers/amed-predictor.js'
import type { EpdOptions } from '../solvers/epd.js'
import { start, type PlainSolverOptions } from '../solvers/options.js'
import type { Predictor } from '../solvers/predictor.js'
import type { SolverRun } from '../solvers/solver.js'
import type { Effort } from './effort.js'
import type { Trajectories } from './trajectories.js'

/** A solver as it is given, but for what is to be found: a predictor, or its time points. */
export type Student = EpdStudent | AmedStudent | PlainSolverOptions

export interface AmedStudent extends Omit<AmedOptions, 'predictor'> {
  readonly name: 'amed'
  readonly ranges: AmedPredictor['ranges']
}

export interface EpdStudent extends Omit<EpdOptions, 'predictor'> {
  readonly name: 'epd'
  /** Parallel evaluations in each step (K in the paper), 1 or more. */
  readonly points: number
  readonly ranges: Predictor['ranges']
}

/** Students that are walked on one tape, all samples together. */
export type TapedStudent = EpdStudent | PlainSolverOptions

/** What is learned for a student. */
export function subjectOf({ name }: Pick<Student, 'name'>): Effort['solver'] {
  return name === 'epd' || name === 'amed' ? name : 'plain'
}

/** What stays the same throughout a distillation. */
export interface Setting<Solver extends Student = TapedStudent> {
  readonly model: Denoiser
  readonly student: Solver
  /** Its time points above 0; where they are learned, those that it starts with. */
  readonly sigmas: Float64Array
  /**
   * Whether it goes on to a noise level of 0 after them, which nothing is learned for, but on which the order of its
   * last steps may depend.
   */
  readonly toZero?: boolean
  readonly batchSize?: number
  readonly signal?: AbortSignal
}

export interface Walk {
  /** The states reached, states[i] at sigmas[i]. */
  readonly states: readonly Float64Array[]
  readonly tape: Tape
  /** Single samples that the model evaluated. */
  readonly evaluations: number
}

/**
 * Walks one student for each predictor from the trajectories' noise over the first `steps` steps, all side by side.
 * What a tape answers is not evaluated.
 */
export async function walk(
  { model, student, sigmas, toZero, batchSize, signal }: Setting,
  { seeds, states, condition }: Trajectories,
  predictors: readonly Predictor[],
  steps: number,
  replay?: Tape
): Promise<Walk[]> {
  const walks = predictors.map(predictor => {
    const trajectory: Float64Array[] = []
    const own = predictor.sigmas ? Float64Array.from(predictor.sigmas) : sigmas
    const problem = { x: states[0], samples: seeds.length, sigmas: toZero ? withZero(own) : own, trajectory }
    const run = start(student.name === 'epd' ? { ...student, predictor } : student, problem)
    const tape: Tape = []
    return { trajectory, tape, job: { run: firstSteps(run, trajectory, steps), condition, replay, record: tape } }
  })
  const outcomes = await drive(
    walks.map(({ job }) => job),
    { model, batchSize, signal }
  )
  return walks.map(({ trajectory, tape }, k) => ({
    states: trajectory,
    tape,
    evaluations: outcomes[k].evaluations
  }))
}

/** A run that ends as soon as it has taken `steps` steps, without asking for what only later ones need. */
export function* firstSteps(run: SolverRun, trajectory: readonly Float64Array[], steps: number): SolverRun {
  let next = run.next()
  while (!next.done && trajectory.length <= steps) next = run.next(yield next.value)
  return trajectory[steps]
}

/** Time points that go on to a noise level of 0. */
export function withZero(sigmas: Float64Array): Float64Array {
  return Float64Array.of(...sigmas, 0)
}
