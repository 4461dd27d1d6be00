import type { Denoiser } from '../models/denoiser.js'
import type { AmedPredictor } from '../solvers/amed-predictor.js'
import type { Learned, TimePoints } from '../solvers/learned.js'
import type { AmedStudent } from '../solvers/amed.js'
import { lacksFeatures } from '../solvers/check-options.js'
import type { EpdStudent } from '../solvers/epd.js'
import { bound } from '../solvers/options.js'
import type { Predictor } from '../solvers/predictor.js'
import { adam, adamCost, type AdamOptions, type AdamState } from './adam.js'
import {
  levenbergMarquardt,
  levenbergMarquardtCost,
  type LevenbergMarquardtOptions,
  type LevenbergMarquardtState
} from './levenberg-marquardt.js'
import { AMED_STATE, amedCost, amedStart, trainAmed, type AmedState } from './amed.js'
import type { Effort } from './effort.js'
import { lookThrough, type View } from './objective.js'
import { normalStart, uniformStart } from './parameters.js'
import { torchCpuGenerator } from '../random/torch-cpu.js'
import { positive } from '../solvers/schedule.js'
import { isAmedStudent, isEpdStudent, withZero, type PlainStudent, type Student } from './student.js'
import type { Found, Iteration } from './task.js'
import { teach, type Teacher } from './teach.js'
import { FINAL_WITH_SIGMAS } from './time-points.js'
import { gather, type Trajectories } from './trajectories.js'

/** An optimiser by its name, with its options. */
export type OptimizerOptions = LevenbergMarquardtOptions | AdamOptions
/** Where a distillation stands after an iteration: plain data that JSON keeps bit for bit, and that `resume` takes. */
export type DistillState = LevenbergMarquardtState | AdamState | AmedState

/** What is to be learned for which student, from which teacher, and how. */
export interface DistillOptions<Solver extends Student = Student> {
  readonly model: Denoiser
  readonly student: Solver
  /** Whether the interior time points are learned as well; of a solver without parameters they are all that is. */
  readonly learnSigmas?: boolean
  /**
   * The student's decreasing time points; where they are learned, those that it starts with. A last one of 0 is not learned for: it is
   * reached by a denoised step, which teacher and student have in common, and trajectories end before it.
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

/** What a distillation has found, and what that has cost. */
export interface Distilled<Result extends Learned = Learned> extends Found<Result> {
  /** The student's time points. */
  readonly sigmas: Float64Array
  /** Evaluations of single samples by a teacher that is a solver. */
  readonly teacherEvaluations?: number
  /** The iterations of this call. */
  readonly history: readonly Iteration[]
}

/**
 * Finds what a student follows its teacher with: EPD's parameters, AMED's network, time points.
 * @throws RangeError for options that do not go together
 */
export async function distill(options: DistillOptions<EpdStudent>): Promise<Distilled<Predictor>>
export async function distill(options: DistillOptions<AmedStudent>): Promise<Distilled<AmedPredictor>>
export async function distill(options: DistillOptions<PlainStudent>): Promise<Distilled<TimePoints>>
export async function distill(options: DistillOptions): Promise<Distilled>
export async function distill(options: DistillOptions): Promise<Distilled> {
  checkOptions(options)
  const { sigmas } = options
  const above = positive(sigmas)
  const toZero = above.length < sigmas.length
  const { training, validation, teacherEvaluations } = await lessons(options)
  const history: Iteration[] = []
  const common = {
    training,
    validation,
    onIteration: async (row: Iteration, state: DistillState) => {
      history.push(row)
      await options.onIteration?.(row, state)
    }
  }
  const found = await find({ ...options, sigmas: above }, toZero, common)
  const { predictor } = found
  const own = 'sigmas' in predictor ? predictor.sigmas : undefined
  const learned = own && Float64Array.from(own)
  return { ...found, sigmas: learned ? (toZero ? withZero(learned) : learned) : sigmas, teacherEvaluations, history }
}

function checkOptions({ student, learnSigmas = false, sigmas, optimizer, objective, view }: DistillOptions): void {
  const wrong = (what: string) => new RangeError(`distill: ${what}`)
  if (positive(sigmas).length < 2) throw wrong('2 time points above 0 are needed, between which the student steps')
  const { name, learns } = bound(student).descriptor
  if (learns === 'nothing') throw wrong(`${name} has nothing to learn`)
  if (learns === 'network') {
    if (learnSigmas) throw wrong(`the time points of ${name} are not learned`)
    if (optimizer && optimizer.name !== 'adam') throw wrong(`${name} is trained by adam alone`)
    if (view || objective)
      throw wrong(`${name} compares pixels after every step: it takes neither a view nor an objective`)
  } else if (learns === 'time-points' && !learnSigmas)
    throw wrong(`${name} has nothing to learn but its time points: learnSigmas`)
  if (!learnSigmas) return
  if (optimizer?.name === 'adam') throw wrong('time points are learned by levenberg-marquardt alone')
  if (objective === 'every') throw wrong("a teacher's interior states have no place where time points are learned")
  if (positive(sigmas).length < 3) throw wrong('2 time points have none between them to be learned')
}

type Common = Lessons & { readonly onIteration: (row: Iteration, state: DistillState) => Promise<void> }

function find(options: DistillOptions, toZero: boolean, common: Common): Promise<Found<Learned>> {
  const { model, student, sigmas, batchSize, signal, seed = 0, resume, learnSigmas, objective = 'final' } = options
  const setting = { model: model.smooth ?? model, sigmas, toZero, batchSize, signal }
  const optimizer: OptimizerOptions = options.optimizer ?? {
    name: isAmedStudent(student) ? 'adam' : 'levenberg-marquardt'
  }
  if (isAmedStudent(student)) {
    const lacking = lacksFeatures(bound(student).descriptor, model)
    if (!model.features) throw new RangeError(`distill: ${student.name} ${lacking ?? ''}`)
    return trainAmed({
      ...common,
      setting: { ...setting, student },
      start: amedStart(model.features.size, seed),
      optimizer: { seed, ...(optimizer.name === 'adam' && optimizer), name: 'adam' },
      resume: resume?.name === AMED_STATE ? resume : undefined
    })
  }
  const looking = {
    at: [...sigmas.keys()].slice(objective === 'final' ? -1 : 1),
    look: lookThrough(options.view, sigmas.length - 1)
  }
  const learned = learnSigmas && { sigmas: [...sigmas] }
  if (optimizer.name === 'levenberg-marquardt') {
    const task = {
      ...common,
      ...looking,
      optimizer: {
        ...(learnSigmas && { finalIterations: FINAL_WITH_SIGMAS }),
        ...(options.start === 'normal' && { places: 0 }),
        ...optimizer
      },
      resume: resume?.name === 'levenberg-marquardt' ? resume : undefined
    }
    if (!isEpdStudent(student))
      return timePointsAlone({ ...task, setting: { ...setting, student }, start: { ...NO_POINTS, ...learned } })
    const start = { ...epdStart(student, options), ...learned }
    return levenbergMarquardt({ ...task, setting: { ...setting, student }, start })
  }
  if (!isEpdStudent(student))
    throw new RangeError(`distill: ${bound(student).descriptor.name} has nothing that adam could find`)
  return adam({
    ...common,
    ...looking,
    setting: { ...setting, student },
    start: epdStart(student, options),
    optimizer: { seed, ...optimizer },
    resume: resume?.name === 'adam' ? resume : undefined
  })
}

/** A predictor of a solver that has no parameters. */
const NO_POINTS: Predictor = { r: [], weight: [], scaleDir: [], scaleTime: [], ranges: { scaleDir: 0, scaleTime: 0 } }

/** Only the ends of a teacher's trajectories are looked at, which may have any time points between them. */
async function timePointsAlone(task: Parameters<typeof levenbergMarquardt>[0]): Promise<Found<TimePoints>> {
  const { setting, training, validation } = task
  const ends = ({ states, ...rest }: Trajectories): Trajectories => ({
    ...rest,
    states: [...setting.sigmas.keys()].map(i => (i + 1 < setting.sigmas.length ? states[0] : states[states.length - 1]))
  })
  const { predictor, ...found } = await levenbergMarquardt({
    ...task,
    training: ends(training),
    validation: validation && ends(validation)
  })
  return { ...found, predictor: { sigmas: predictor.sigmas ?? [...setting.sigmas] } }
}

/** The evaluations that a distillation takes; by levenberg-marquardt, the most that it may take. */
export function distillCost(optimizer: OptimizerOptions, effort: Effort): number {
  if (effort.learns === 'network') return optimizer.name === 'adam' ? amedCost(optimizer, effort) : 0
  return optimizer.name === 'adam' ? adamCost(optimizer, effort) : levenbergMarquardtCost(optimizer, effort)
}

function epdStart(student: EpdStudent, { sigmas, start, optimizer, seed = 0 }: DistillOptions): Predictor {
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
