import type { Denoiser } from '../models/denoiser.js'
import type { AmedPredictor } from '../solvers/amed-predictor.js'
import { bringsTimePoints, type Learned, type TimePoints } from '../solvers/learned.js'
import type { AmedStudent } from '../solvers/amed.js'
import type { EpdStudent } from '../solvers/epd.js'
import { bound } from '../solvers/options.js'
import type { Predictor } from '../solvers/predictor.js'
import type { PasPredictor } from '../solvers/pas-predictor.js'
import type { PasStudent } from '../solvers/pas.js'
import { positive } from '../solvers/schedule.js'
import type { Effort } from './effort.js'
import { lookThrough, type View } from './objective.js'
import type { DistillState } from './optimiser.js'
import { namesOf, optimiserOf, optimisersOf, type OptimiserEntry, type OptimizerOptions } from './registry.js'
import { withZero, type PlainStudent, type Student } from './student.js'
import type { Iteration, Outcome, StartName } from './task.js'
import { teach, type Teacher } from './teach.js'
import { atTimePoints, ends, gather, type Trajectories } from './trajectories.js'

export type { DistillState, OptimizerOptions }

/** What is to be learned for which student, from which teacher, and how. */
export interface DistillOptions<Solver extends Student = Student> {
  readonly model: Denoiser
  readonly student: Solver
  /** Whether the interior time points are learned as well; of a solver without parameters they are all that is. */
  readonly learnSigmas?: boolean
  /**
   * The student's decreasing time points; where they are learned, those that it starts with. A last one of 0 is not
   * learned for: it is reached by a denoised step, which teacher and student have in common, and trajectories end
   * before it.
   */
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
  readonly start?: StartName
  /** The seed of a normal start and of Adam's batches. */
  readonly seed?: number
  /** A state that onIteration was given, to go on from there as if never stopped. */
  readonly resume?: DistillState
  /** Called after each iteration; what it returns is awaited. `state` is plain data that JSON keeps bit for bit. */
  readonly onIteration?: (row: Iteration, state: DistillState) => void | Promise<void>
  /** Told within an iteration that takes long how many of its trajectories are done. */
  readonly onPart?: (done: number, total: number) => void
  readonly signal?: AbortSignal
  readonly batchSize?: number
}

/** What a distillation has found, and what that has cost. */
export interface Distilled<Result extends Learned = Learned> extends Outcome<Result> {
  /** The student's time points. */
  readonly sigmas: Float64Array
  /** Evaluations of single samples by a teacher that is a solver. */
  readonly teacherEvaluations?: number
  /** The iterations of this call. */
  readonly history: readonly Iteration[]
}

/**
 * Finds what a student follows its teacher with: EPD's parameters, AMED's network, PAS's coordinates, time points.
 * @throws RangeError for options that do not go together
 */
export async function distill(options: DistillOptions<EpdStudent>): Promise<Distilled<Predictor>>
export async function distill(options: DistillOptions<AmedStudent>): Promise<Distilled<AmedPredictor>>
export async function distill(options: DistillOptions<PasStudent>): Promise<Distilled<PasPredictor>>
export async function distill(options: DistillOptions<PlainStudent>): Promise<Distilled<TimePoints>>
export async function distill(options: DistillOptions): Promise<Distilled>
export async function distill(options: DistillOptions): Promise<Distilled> {
  const optimiser = checkOptions(options)
  const { sigmas, seed = 0, objective = 'final', start, learnSigmas = false } = options
  const above = positive(sigmas)
  const toZero = above.length < sigmas.length
  const { teacherEvaluations, ...taught } = await lessons(options)
  const seen = (trajectories: Trajectories) => statesFor(optimiser, trajectories, options)
  const history: Iteration[] = []
  const { model, student, batchSize, signal } = options
  const task = {
    ...{ training: seen(taught.training), validation: taught.validation && seen(taught.validation) },
    ...{ learnSigmas, start, seed, onPart: options.onPart },
    setting: { model: model.smooth ?? model, student, sigmas: above, toZero, batchSize, signal },
    at: [...above.keys()].slice(objective === 'final' ? -1 : 1),
    look: lookThrough(options.view, above.length - 1),
    pixels: options.view === undefined
  }
  const outcome = await optimiser.run(task, options.optimizer ?? { name: optimiser.name }, {
    resume: options.resume,
    onIteration: async (row, state) => {
      history.push(row)
      await options.onIteration?.(row, state)
    }
  })
  const { learned } = outcome
  const own = 'sigmas' in learned && learned.sigmas ? Float64Array.from(learned.sigmas) : undefined
  return { ...outcome, sigmas: own ? (toZero ? withZero(own) : own) : sigmas, teacherEvaluations, history }
}

/**
 * The states that an optimiser looks at: all that the teacher has kept, those at the student's time points, or where
 * these are its own, the ends alone.
 */
function statesFor(
  { looksBetween }: OptimiserEntry,
  trajectories: Trajectories,
  { student, sigmas }: DistillOptions
): Trajectories {
  if (looksBetween || !trajectories.sigmas) return trajectories
  return bringsTimePoints(bound(student).descriptor.learns)
    ? ends(trajectories, 2)
    : atTimePoints(trajectories, positive(sigmas))
}

/** The optimiser that is to work. @throws RangeError for options that do not go together */
function checkOptions(options: DistillOptions): OptimiserEntry {
  const { student, learnSigmas = false, sigmas, optimizer, objective, view } = options
  const wrong = (what: string) => new RangeError(`distill: ${what}`)
  if (positive(sigmas).length < 2) throw wrong('2 time points above 0 are needed, between which the student steps')
  const { name, learns } = bound(student).descriptor
  if (learns === 'nothing') throw wrong(`${name} has nothing to learn`)
  if (learns === 'time-points' && !learnSigmas)
    throw wrong(`${name} has nothing to learn but its time points: learnSigmas`)
  const able = optimisersOf(learns, learnSigmas)
  if (able.length === 0) throw wrong(`the time points of ${name} are not learned`)
  const optimiser = able.find(each => optimizer === undefined || each.name === optimizer.name)
  if (!optimiser)
    throw wrong(`${learnSigmas ? 'time points are learned' : `${name} is trained`} by ${namesOf(able)} alone`)
  if (!optimiser.takesObjective && (view ?? objective))
    throw wrong(`${name} compares pixels after every step: it takes neither a view nor an objective`)
  if (learns === 'table' && objective === 'every') throw wrong('the layers of a table are at no time points')
  if (!learnSigmas) return optimiser
  if (objective === 'every') throw wrong("a teacher's interior states have no place where time points are learned")
  if (positive(sigmas).length < 3) throw wrong('2 time points have none between them to be learned')
  return optimiser
}

/** The evaluations that a distillation takes; where its optimiser `costsAtMost`, the most that it may take. */
export function distillCost(optimizer: OptimizerOptions, effort: Effort): number {
  return optimiserOf(effort.learns, optimizer.name)?.cost(optimizer, effort) ?? 0
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
