import type { Denoiser } from '../models/denoiser.js'
import { drive, type Tape } from '../solvers/driver.js'
import { amed, amedStudent, type AmedStudent } from '../solvers/amed.js'
import { bns, bnsStudent, type BnsStudent } from '../solvers/bns.js'
import type { Bound, BoundSolver } from '../solvers/descriptor.js'
import { epd, epdStudent, type EpdStudent } from '../solvers/epd.js'
import { start, type PlainSolverOptions } from '../solvers/options.js'
import { pas, pasStudent, type PasStudent } from '../solvers/pas.js'
import type { Predictor } from '../solvers/predictor.js'
import type { Table } from '../solvers/table.js'
import type { Trajectories } from './trajectories.js'

/** A solver as it is given, but for what is to be found: a predictor, or its time points. */
export type Student = EpdStudent | AmedStudent | BnsStudent | PasStudent | PlainStudent

/** A solver for which only time points are found. */
export type PlainStudent = PlainSolverOptions | BoundSolver

/** A student that EPD's predictor is found for. */
export function isEpdStudent(student: Student): student is EpdStudent {
  return 'name' in student && student.name === epd.name
}

/** A student that AMED's network is found for. */
export function isAmedStudent(student: Student): student is AmedStudent {
  return 'name' in student && student.name === amed.name
}

/** A student that a table is found for. */
export function isBnsStudent(student: Student): student is BnsStudent {
  return 'name' in student && student.name === bns.name
}

/** A student that coordinates of its directions are found for. */
export function isPasStudent(student: Student): student is PasStudent {
  return 'name' in student && student.name === pas.name
}

/** A student of which time points are all that is found. */
export function isPlainStudent(student: Student): student is PlainStudent {
  return !(isEpdStudent(student) || isAmedStudent(student) || isBnsStudent(student) || isPasStudent(student))
}

/** The student that a solver with the options of a spec is. `start`: the table that one is learned from. */
export function studentOf({ descriptor, options }: Bound, start?: Table): Student {
  if (descriptor.learns === 'points') return epdStudent(options)
  if (descriptor.learns === 'coordinates') return pasStudent(options)
  if (descriptor.learns === 'table') return bnsStudent(options, start)
  return descriptor.learns === 'network' ? amedStudent(options) : { descriptor, options }
}

/** Students that are walked on one tape, all samples together. */
export type TapedStudent = EpdStudent | PlainStudent

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
  const jobs = predictors.map(predictor => {
    const own = predictor.sigmas ? Float64Array.from(predictor.sigmas) : sigmas
    const problem = { x: states[0], samples: seeds.length, sigmas: toZero ? withZero(own) : own }
    const run = start(isEpdStudent(student) ? { ...student, predictor } : student, problem)
    const record: Tape = []
    return { run, steps, condition, replay, record }
  })
  const outcomes = await drive(jobs, { model, batchSize, signal })
  return outcomes.map((outcome, k) => ({
    states: outcome.states,
    tape: jobs[k].record,
    evaluations: outcome.evaluations
  }))
}

/** Time points that go on to a noise level of 0. */
export function withZero(sigmas: Float64Array): Float64Array {
  return Float64Array.of(...sigmas, 0)
}
