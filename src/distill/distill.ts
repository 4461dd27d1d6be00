import type { Denoiser } from '../models/denoiser.js'
import type { Predictor } from '../solvers/predictor.js'
import { adam, adamCost, type AdamOptions, type AdamState } from './adam.js'
import {
  levenbergMarquardt,
  levenbergMarquardtCost,
  type LevenbergMarquardtOptions,
  type LevenbergMarquardtState
} from './levenberg-marquardt.js'
import type { Effort } from './effort.js'
import { lookThrough, type View } from './objective.js'
import { normalStart, uniformStart } from './parameters.js'
import { torchCpuGenerator } from '../random/torch-cpu.js'
import type { Student } from './student.js'
import type { Found, Iteration } from './task.js'
import { teach, type Teacher } from './teach.js'
import { gather, type Trajectories } from './trajectories.js'

export type OptimizerOptions = LevenbergMarquardtOptions | AdamOptions
export type DistillState = LevenbergMarquardtState | AdamState

export interface DistillOptions {
  readonly model: Denoiser
  readonly student: Student
  /** The student's decreasing time points. */
  readonly sigmas: Float64Array
  /** What the student is to follow: trajectories, or a solver that makes them of `seeds`. */
  readonly teacher: Trajectories | AsyncIterable<Trajectories> | Teacher
  /** Trajectories that nothing is fitted to: they say what to keep, and how good it is. */
  readonly validation?: Trajectories | AsyncIterable<Trajectories>
  /** For a teacher that is a solver: what it is to lead, and what in place of `validation`. */
  readonly seeds?: readonly number[]
  readonly validationSeeds?: readonly number[]
  readonly optimizer?: OptimizerOptions
  /** What the loss looks at: the last time point, or every one after the first. */
  readonly objective?: 'final' | 'every'
  /** What the loss compares of final samples in place of pixels, as `featureView` does. */
  readonly view?: View
  /** Where the parameters start: evenly spread points, or N(0, 1) as the paper. */
  readonly start?: 'uniform' | 'normal'
  /** Of a normal start and of Adam's batches. */
  readonly seed?: number
  /** A state that onIteration was given, to go on from there as if never stopped. */
  readonly resume?: DistillState
  /** Called after each iteration; what it returns is awaited. `state` is plain data that JSON keeps bit for bit. */
  readonly onIteration?: (row: Iteration, state: DistillState) => void | Promise<void>
  readonly signal?: AbortSignal
  readonly batchSize?: number
}

export interface Distilled extends Found {
  /** Evaluations of single samples by a teacher that is a solver. */
  readonly teacherEvaluations?: number
  /** The iterations of this call. */
  readonly history: readonly Iteration[]
}

/** Finds the predictor with which a student follows its teacher. */
export async function distill(options: DistillOptions): Promise<Distilled> {
  const { model, student, sigmas, optimizer = { name: 'levenberg-marquardt' }, objective = 'final', seed = 0 } = options
  const { training, validation, teacherEvaluations } = await lessons(options)
  const history: Iteration[] = []
  const common = {
    setting: { model: model.smooth ?? model, student, sigmas, batchSize: options.batchSize, signal: options.signal },
    training,
    validation,
    at: [...sigmas.keys()].slice(objective === 'final' ? -1 : 1),
    look: lookThrough(options.view, sigmas.length - 1),
    start: startOf(options, seed),
    onIteration: async (row: Iteration, state: DistillState) => {
      history.push(row)
      await options.onIteration?.(row, state)
    }
  }
  const { resume } = options
  if (optimizer.name === 'adam') {
    const found = await adam({
      ...common,
      optimizer: { seed, ...optimizer },
      resume: resume?.name === 'adam' ? resume : undefined
    })
    return { ...found, teacherEvaluations, history }
  }
  const found = await levenbergMarquardt({
    ...common,
    optimizer: options.start === 'normal' ? { places: 0, ...optimizer } : optimizer,
    resume: resume?.name === 'levenberg-marquardt' ? resume : undefined
  })
  return { ...found, teacherEvaluations, history }
}

/** The evaluations that a distillation takes; by levenberg-marquardt, the most that it may take. */
export function distillCost(optimizer: OptimizerOptions, effort: Effort): number {
  return optimizer.name === 'adam' ? adamCost(optimizer, effort) : levenbergMarquardtCost(optimizer, effort)
}

function startOf({ student, sigmas, start, optimizer }: DistillOptions, seed: number): Predictor {
  const steps = sigmas.length - 1
  return (start ?? (optimizer?.name === 'adam' ? 'normal' : 'uniform')) === 'uniform'
    ? uniformStart(student, steps)
    : normalStart(student, steps, torchCpuGenerator(seed).randn(4 * steps * student.points))
}

interface Lessons {
  readonly training: Trajectories
  readonly validation?: Trajectories
  readonly teacherEvaluations?: number
}

async function lessons(options: DistillOptions): Promise<Lessons> {
  const { model, teacher, seeds, validation, validationSeeds, batchSize, signal } = options
  if (!('solver' in teacher)) {
    if (seeds ?? validationSeeds) throw new RangeError('distill: seeds are for a teacher that is a solver')
    return { training: await trajectories(teacher), validation: validation && (await trajectories(validation)) }
  }
  if (!seeds) throw new RangeError('distill: a teacher that is a solver needs seeds')
  if (validation) throw new RangeError('distill: a teacher that is a solver takes validationSeeds')
  const lead = (which: readonly number[]) => teach({ model, teacher, seeds: which, batchSize, signal })
  const training = await lead(seeds)
  const held = validationSeeds && (await lead(validationSeeds))
  return {
    training: training.trajectories,
    validation: held?.trajectories,
    teacherEvaluations: training.evaluations + (held?.evaluations ?? 0)
  }
}

function trajectories(given: Trajectories | AsyncIterable<Trajectories>): Promise<Trajectories> {
  return 'states' in given ? Promise.resolve(given) : gather(given)
}
