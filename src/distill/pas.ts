import { drive, type Tape } from '../solvers/driver.js'
import { bound } from '../solvers/options.js'
import type { PasPredictor } from '../solvers/pas-predictor.js'
import { uncorrected } from '../solvers/pas-predictor.js'
import { pasSteps, type PasStep, type PasStudent } from '../solvers/pas.js'
import { dot } from '../solvers/march.js'
import { norm } from '../solvers/principal.js'
import { oneSample } from '../solvers/solve.js'
import { walkCost, type Effort } from './effort.js'
import { meanSquare } from './objective.js'
import { registered, type Course, type DistillState, type Extent, type Position } from './optimiser.js'
import { LEAST_SQUARES } from './optimizers.js'
import { isPasStudent, withZero, type Setting } from './student.js'
import { finite, type Iteration, type Outcome, type Task } from './task.js'
import { stateOf, type Trajectories } from './trajectories.js'

/** Linear least squares of each step's coordinates, from the first step to the last. */
export interface LeastSquaresOptions {
  readonly name: 'least-squares'
  /** The fall of the mean squared difference to the teacher's next state that a correction is kept for; default 1e-4. */
  readonly tolerance?: number
}

/** Options with their defaults, as an experiment states them. */
export type LeastSquaresSpec = Required<LeastSquaresOptions>

/** How far the fit has come: all that it needs to go on, beside its inputs. */
export interface LeastSquaresState {
  readonly name: 'least-squares'
  /** Steps that are fitted. */
  readonly iteration: number
  /** Their coordinates, [iteration][components]. */
  readonly coordinates: readonly (readonly number[])[]
  readonly evaluations: number
}

interface PasTask extends Task<PasStudent> {
  readonly options: LeastSquaresSpec
}

/** A state, and what all samples were answered on the way to it. */
interface Here extends Position<LeastSquaresState> {
  readonly tapes?: readonly Tape[]
}

/**
 * The coordinates of PAS (Wang et al. 2025, arXiv 2411.06503, Algorithm 1), step by step: from the student's own state,
 * corrected so far, least squares to the teacher's state at the next time point. The step is linear in its coordinates
 * and its directions are orthogonal, so that each coordinate is a quotient of two sums, where the paper descends a
 * gradient. A step that gains less than a tolerance stays the base method's.
 */
export const pasFit = registered({
  name: 'least-squares',
  learns: ['coordinates'],
  learnsSigmas: false,
  takesObjective: false,
  start: 'uniform',
  costsAtMost: false,
  isOptions: (options: { readonly name: string }): options is LeastSquaresOptions => options.name === 'least-squares',
  isState: (state: DistillState): state is LeastSquaresState => state.name === 'least-squares',
  specify: withDefaults,
  mostIterations: (_: LeastSquaresOptions, { steps }: Extent) => steps,
  cost: (_: LeastSquaresOptions, effort: Effort) =>
    walkCost(effort, effort.steps) * (effort.training + effort.validation),
  course
})

function withDefaults(options: LeastSquaresOptions | undefined): LeastSquaresSpec {
  return { name: 'least-squares', tolerance: options?.tolerance ?? LEAST_SQUARES.tolerance.default }
}

function course(given: Task, options: LeastSquaresOptions): Course<LeastSquaresState, Here> {
  const { student } = given.setting
  if (!isPasStudent(student)) throw new RangeError(`distill: ${bound(student).descriptor.name} has no coordinates`)
  const task = { ...given, setting: { ...given.setting, student }, options: withDefaults(options) }
  return {
    start: { name: 'least-squares', iteration: 0, coordinates: [], evaluations: 0 },
    enter: async state => ({ state, tapes: await tapesOf(task, state) }),
    isDone: ({ iteration }) => iteration >= task.setting.sigmas.length - 1,
    iterate: position => iterate(task, position),
    conclude: position => conclude(task, position)
  }
}

/** What all samples are answered over the steps that are fitted, as they were before a fit was resumed. */
async function tapesOf({ setting, training }: PasTask, { coordinates }: LeastSquaresState) {
  if (coordinates.length === 0) return undefined
  return (await walkSamples(setting, training, () => correctedBy({ coordinates }), coordinates.length)).tapes
}

/** Fits one more step. */
async function iterate(task: PasTask, { state, tapes }: Here): Promise<{ position: Here; row: Iteration }> {
  const { setting, training, options } = task
  const step = state.iteration
  const known = correctedBy(state)
  const sums: StepSums[] = []
  const choose =
    (sample: number): Choose =>
    at => {
      if (at.index < step) return known(at)
      sums[sample] = sumsOf(at, stateOf(training, step + 1, sample))
      return uncorrected(setting.student.components)
    }
  const walked = await walkSamples(setting, training, choose, step + 1, tapes)
  const found = solved(sums, training.states[0].length)
  const kept = found.before - found.after > options.tolerance
  const row = kept ? found.row : uncorrected(setting.student.components)
  const loss = finite(kept ? found.after : found.before)
  const evaluations = state.evaluations + walked.evaluations
  const iteration = step + 1
  return {
    position: {
      state: { ...state, iteration, coordinates: [...state.coordinates, row], evaluations },
      tapes: walked.tapes
    },
    row: { iteration, phase: 'step', step, loss, evaluations, accepted: kept }
  }
}

/** What the normal equations of a step are made of, of one sample. */
interface StepSums {
  /** The squared difference of the base method's state to the teacher's. */
  readonly residual: number
  /** The product of each direction with that difference, and then with itself. */
  readonly products: readonly number[]
  readonly squares: readonly number[]
}

function sumsOf({ lead, direction, size, basis }: PasStep, target: Float64Array): StepSums {
  const residual = target.map((value, i) => value - lead[i])
  const scale = size * norm(direction)
  const vectors = basis()
  return {
    residual: dot(residual, residual),
    products: vectors.map(vector => scale * dot(vector, residual)),
    squares: vectors.map(vector => scale * scale * dot(vector, vector))
  }
}

/**
 * The best coordinates of a step for all samples, and the mean squared difference to the teacher without and with them.
 */
function solved(sums: readonly StepSums[], numbers: number): { row: number[]; before: number; after: number } {
  const total = (of: (each: StepSums) => number) => sums.reduce((sum, each) => sum + of(each), 0)
  const fits = sums[0].products.map((_, k) => ({
    product: total(({ products }) => products[k]),
    square: total(({ squares }) => squares[k])
  }))
  const changes = fits.map(({ product, square }) => (square > 0 ? product / square : 0))
  const residual = total(each => each.residual)
  const gain = changes.reduce((sum, change, k) => sum + change * fits[k].product, 0)
  return {
    row: changes.map((change, k) => (k === 0 ? 1 + change : change)),
    before: residual / numbers,
    after: Math.max(residual - gain, 0) / numbers
  }
}

async function conclude(task: PasTask, { state, tapes }: Here): Promise<Outcome<PasPredictor>> {
  const { setting, training, validation } = task
  const learned = { coordinates: state.coordinates }
  const steps = setting.sigmas.length - 1
  const choose = () => correctedBy(learned)
  const end = await walkSamples(setting, training, choose, steps, tapes)
  const held = validation && (await walkSamples(setting, validation, choose, steps))
  return {
    learned,
    loss: end.loss,
    validationLoss: held?.loss,
    evaluations: state.evaluations + end.evaluations + (held?.evaluations ?? 0)
  }
}

type Choose = (step: PasStep) => readonly number[]

function correctedBy({ coordinates }: PasPredictor): Choose {
  return ({ index }) => coordinates[index]
}

/** Walks each sample from the trajectories' noise over the first `steps` steps, all side by side. */
async function walkSamples(
  { model, student, sigmas: above, toZero, batchSize, signal }: Setting<PasStudent>,
  trajectories: Trajectories,
  choose: (sample: number) => Choose,
  steps: number,
  replay?: readonly Tape[]
): Promise<{ readonly tapes: readonly Tape[]; readonly loss: number; readonly evaluations: number }> {
  const { seeds, states, condition } = trajectories
  const sigmas = toZero ? withZero(above) : above
  const size = states[0].length / seeds.length
  const tapes: Tape[] = seeds.map(() => [])
  const jobs = seeds.map((_, k) => {
    const one = oneSample({ x: states[0], condition }, size, k)
    const run = pasSteps({ x: one.x, samples: 1, sigmas }, student, choose(k))
    return { run, steps, condition: one.condition, record: tapes[k], replay: replay?.[k] }
  })
  const outcomes = await drive(jobs, { model, batchSize, signal })
  const ends = outcomes.map(({ x }) => x)
  const targets = seeds.map((_, k) => stateOf(trajectories, steps, k))
  return {
    tapes,
    loss: meanSquare(ends, targets, [...ends.keys()]),
    evaluations: outcomes.reduce((sum, outcome) => sum + outcome.evaluations, 0)
  }
}
