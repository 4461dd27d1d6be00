import type { EpdStudent } from '../solvers/epd.js'
import type { Predictor } from '../solvers/predictor.js'
import { differenceStepCost, withDifference } from './difference-step.js'
import { probeCost, probeCostToEnd, walkCost, type Effort } from './effort.js'
import { attempt, propose, TRIES, type Fit, type Trial } from './least-squares.js'
import {
  accept,
  first,
  fitOf,
  hasEnded,
  nextFit,
  predictorOf,
  type LevenbergMarquardtOptions,
  type LevenbergMarquardtState as State,
  type LevenbergMarquardtTask
} from './levenberg-marquardt-state.js'
import { LEVENBERG_MARQUARDT } from './optimizers.js'
import { registered, type Circumstances, type Course, type DistillState, type Extent } from './optimiser.js'
import { NO_POINTS, tables } from './parameters.js'
import { epdStart } from './start.js'
import { isAmedStudent, isBnsStudent, isEpdStudent, isPasStudent, walk, type Walk } from './student.js'
import { survey, surveyCost } from './survey.js'
import { finite, lossOf, type Iteration, type Outcome, type Task } from './task.js'
import { ends } from './trajectories.js'

/** A state, and the walk of its tables over the steps that they were walked on. */
interface Here {
  readonly state: State
  readonly walked: Walk
}

/**
 * The least step that differences are taken with. A finer one gains the fit nothing and lets the rounding of double
 * precision in: what an exact model is distilled to would depend on its last bits.
 */
const LEAST_DIFFERENCE = 5e-4

/**
 * Levenberg-Marquardt (Marquardt 1963) without derivatives of the model. First it fits step by step: from the student's
 * own state at one time point, least squares to the teacher's state at the next, started by a survey of the step. Then
 * it fits from end to end on the objective and keeps what does best on the validation trajectories.
 */
export const levenbergMarquardt = registered({
  name: 'levenberg-marquardt',
  learns: ['points', 'time-points'],
  learnsSigmas: true,
  takesObjective: true,
  start: 'uniform',
  costsAtMost: true,
  isOptions: (options: { readonly name: string }): options is LevenbergMarquardtOptions =>
    options.name === 'levenberg-marquardt',
  isState: (state: DistillState): state is State => state.name === 'levenberg-marquardt',
  specify(options: LevenbergMarquardtOptions | undefined, circumstances: Circumstances) {
    const { name, iterations, finalIterations } = withDefaults(options, circumstances)
    return { name, iterations, finalIterations }
  },
  mostIterations(options: LevenbergMarquardtOptions, { learns, steps, learnsSigmas }: Extent) {
    const { iterations, finalIterations } = withDefaults(options, { learnSigmas: learnsSigmas })
    return (learns === 'points' ? iterations * steps : 0) + finalIterations
  },
  cost,
  course
})

function withDefaults(
  options: Partial<LevenbergMarquardtOptions> | undefined,
  { learnSigmas, start }: Circumstances
): Required<LevenbergMarquardtOptions> {
  const {
    iterations = LEVENBERG_MARQUARDT.iterations.default,
    finalIterations = learnSigmas ? 10 : 1,
    places = start === 'normal' ? 0 : 9
  } = options ?? {}
  return { name: 'levenberg-marquardt', iterations, finalIterations, places }
}

function course(given: Task, options: LevenbergMarquardtOptions): Course<State, Here> {
  const task = taskOf(given, options)
  return {
    start: first(task),
    enter: async state => ({ state, walked: await walkedBy(task, state) }),
    isDone: ({ phase }) => phase === 'done',
    iterate: position => iterate(task, position),
    conclude: position => conclude(task, position)
  }
}

/**
 * A solver without parameters looks at the ends of its teacher's trajectories only, between which they may have any
 * time points.
 */
function taskOf(given: Task, chosen: LevenbergMarquardtOptions): LevenbergMarquardtTask {
  const { student, sigmas } = given.setting
  const options = withDefaults(chosen, given)
  const own = given.learnSigmas && { sigmas: [...sigmas] }
  if (isAmedStudent(student) || isBnsStudent(student) || isPasStudent(student))
    throw new RangeError(`distill: ${student.name} has nothing that levenberg-marquardt could find`)
  if (isEpdStudent(student)) {
    const task: Task<EpdStudent> = { ...given, setting: { ...given.setting, student } }
    return { ...task, options, origin: { ...epdStart(task, 'uniform'), ...own } }
  }
  return {
    ...given,
    setting: { ...given.setting, student },
    training: ends(given.training, sigmas.length),
    validation: given.validation && ends(given.validation, sigmas.length),
    options,
    origin: { ...NO_POINTS, ...own }
  }
}

/** The most evaluations that it takes: with every iteration, and every move tried to the last. */
function cost(options: LevenbergMarquardtOptions, effort: Effort): number {
  const { points, steps, training, validation, learnsSigmas } = effort
  const { iterations, finalIterations, places } = withDefaults(options, { learnSigmas: learnsSigmas })
  const stepwise = iterations > 0 && effort.learns === 'points'
  const fits = Array.from({ length: stepwise ? steps : 0 }, (_, step) => {
    const start = walkCost(effort, step + 1) - walkCost(effort, step)
    const surveyed = places > 0 ? surveyCost(effort, step, places) : 0
    return surveyed + training * (start + iterations * (probeCost(effort) + TRIES * points))
  }).reduce((sum, fit) => sum + fit, 0)
  const walked = walkCost(effort, steps)
  const toEnd = training * ((stepwise ? 0 : walked) + finalIterations * (probeCostToEnd(effort) + TRIES * walked))
  return differenceStepCost(effort) + fits + toEnd + validation * walked * (1 + finalIterations)
}

async function walkedBy(task: LevenbergMarquardtTask, state: State): Promise<Walk> {
  const [walked] = await walk(task.setting, task.training, [predictorOf(task, state.tables)], state.walked)
  return walked
}

async function iterate(
  task: LevenbergMarquardtTask,
  { state: before, walked }: Here
): Promise<{ position: Here; row: Iteration }> {
  const { phase, step } = before
  const { state: begun, fit, trial: base } = await begin(task, before, walked)
  const proposal = await propose(task, fit, base, begun.damping, phase === 'step')
  const { trial, expected, damping } = proposal
  const fall = base.loss - trial.loss
  const accepted = fall > 0
  const tried = { ...begun, damping, evaluations: begun.evaluations + proposal.evaluations }
  const moved = accepted ? accept(tried, trial, fall / expected) : tried
  const { state: seen, validationLoss } =
    accepted && phase === 'final' ? await validate(task, moved, trial) : { state: moved, validationLoss: undefined }
  const counted = { ...seen, iteration: seen.iteration + 1, round: seen.round + 1 }
  const state = hasEnded(task, counted, fall, base.loss) ? nextFit(task, counted) : counted
  const kept = accepted ? trial : base
  const { evaluations, iteration } = state
  const where = phase === 'step' ? { phase, step } : { phase: 'final' as const }
  return {
    position: { state, walked: kept.walked },
    row: { iteration, ...where, loss: kept.loss, validationLoss, evaluations, accepted, damping }
  }
}

/** Where the state's tables lead. At the beginning of a fit they are surveyed, in a fit of a step, and walked once. */
async function begin(
  task: LevenbergMarquardtTask,
  before: State,
  walked: Walk
): Promise<{ state: State; fit: Fit; trial: Trial }> {
  const { setting, training, options } = task
  const measured = await withDifference(before, setting, training, LEAST_DIFFERENCE)
  const fit = fitOf(task, measured, measured.difference)
  if (measured.loss !== null) {
    const trial = { predictor: predictorOf(task, measured.tables), walked, loss: measured.loss }
    return { state: measured, fit, trial }
  }
  const surveyed =
    measured.phase === 'step' && options.places > 0 ? await withSurvey(task, measured, options.places) : measured
  const { trial, evaluations } = await attempt(task, fit, predictorOf(task, surveyed.tables), walked)
  const begun = {
    ...surveyed,
    walked: fit.extent,
    loss: finite(trial.loss),
    evaluations: surveyed.evaluations + evaluations
  }
  if (begun.phase !== 'final') return { state: begun, fit, trial }
  const { state } = await validate(task, begun, trial)
  return { state, fit, trial }
}

/** A state whose step starts where a survey finds the best places. */
async function withSurvey(task: LevenbergMarquardtTask, state: State, places: number): Promise<State> {
  const { setting, training } = task
  const surveyed = await survey(setting, training, predictorOf(task, state.tables), state.step, places)
  return { ...state, tables: tables(surveyed.predictor), evaluations: state.evaluations + surveyed.evaluations }
}

/** The loss on the validation trajectories, if there are any. The state keeps the best tables so far. */
async function validate(
  task: LevenbergMarquardtTask,
  state: State,
  { predictor, loss }: Pick<Trial, 'predictor' | 'loss'>
): Promise<{ state: State; validationLoss?: number }> {
  const { setting, validation, at } = task
  if (!validation) return { state }
  const [held] = await walk(setting, validation, [predictor], setting.sigmas.length - 1)
  const validationLoss = await lossOf(task, held, validation, at)
  const evaluations = state.evaluations + held.evaluations
  if (state.best && !(validationLoss < state.best.validationLoss))
    return { state: { ...state, evaluations, stale: state.stale + 1 }, validationLoss }
  const best = { tables: tables(predictor), loss, validationLoss }
  return { state: { ...state, evaluations, best, stale: 0 }, validationLoss }
}

async function conclude(task: LevenbergMarquardtTask, { state: last, walked }: Here): Promise<Outcome> {
  const predictor = predictorOf(task, last.tables)
  const steps = task.setting.sigmas.length - 1
  const [whole] = last.walked < steps ? await walk(task.setting, task.training, [predictor], steps) : [walked]
  const loss = await lossOf(task, whole, task.training, task.at)
  const counted = last.walked < steps ? { ...last, evaluations: last.evaluations + whole.evaluations } : last
  const { state } = last.best ? { state: counted } : await validate(task, counted, { predictor, loss })
  const { evaluations, best } = state
  if (!best) return { learned: learnedBy(task, predictor), loss, evaluations }
  return {
    learned: learnedBy(task, { ...predictor, ...best.tables }),
    loss: best.loss,
    validationLoss: best.validationLoss,
    evaluations
  }
}

/** What a student learns of a predictor: a solver without parameters learns its time points alone. */
function learnedBy({ setting }: LevenbergMarquardtTask, predictor: Predictor): Outcome['learned'] {
  return isEpdStudent(setting.student) ? predictor : { sigmas: predictor.sigmas ?? [...setting.sigmas] }
}
