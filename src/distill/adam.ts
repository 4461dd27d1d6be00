import type { Tape } from '../solvers/driver.js'
import type { EpdStudent } from '../solvers/epd.js'
import { bound } from '../solvers/options.js'
import type { Predictor, PredictorTables } from '../solvers/predictor.js'
import { ADAM_TRAITS, adamTotal, adamWithDefaults, type AdamOptions, type AdamSpec } from './adam-options.js'
import { batchAt } from './batches.js'
import { differenceStepCost, withDifference } from './difference-step.js'
import { byRaw, probes } from './differences.js'
import { probeCost, probeCostToEnd, walkCost, type Effort } from './effort.js'
import { adamStep, noMoments, type Moments } from './moments.js'
import { slopes, type Differenced } from './objective.js'
import { registered, type Course, type DistillState, type Position } from './optimiser.js'
import { tables } from './parameters.js'
import { epdStart } from './start.js'
import { isEpdStudent, walk, type Setting, type Walk } from './student.js'
import { finite, lossOf, type Iteration, type Outcome, type Task } from './task.js'
import type { Trajectories } from './trajectories.js'

/** Where Adam stands: all that it needs to go on, beside its inputs. */
export interface AdamState extends PredictorTables, Moments {
  readonly name: 'adam'
  readonly iteration: number
  readonly difference: number | null
  readonly evaluations: number
  readonly backpropagated: number
}

interface AdamTask extends Task<EpdStudent> {
  readonly options: AdamSpec & { readonly seed: number }
}

/** The learning rate at the start, and at the end. */
const LR = 0.2
const LR_END = 0.01
/** With fewer time points, the paper's code trains from end to end. */
const END_TO_END = 6

/**
 * The paper's recipe (arXiv 2507.14797 and its code): Adam on the raw tables; with fewer than 6 time points one update
 * an iteration from the last step's loss, else one after each step. Differences take the place of backpropagation.
 */
export const adam = registered({
  ...ADAM_TRAITS,
  learns: ['points'],
  takesObjective: true,
  start: 'normal',
  isState: (state: DistillState): state is AdamState => state.name === 'adam',
  specify: (options: AdamOptions | undefined) => adamWithDefaults(options, LR),
  cost,
  course
})

function course(given: Task, options: AdamOptions): Course<AdamState, Position<AdamState>> {
  const { student } = given.setting
  if (!isEpdStudent(student))
    throw new RangeError(`distill: ${bound(student).descriptor.name} has nothing that adam could find`)
  const setting = { ...given.setting, student }
  const task = { ...given, setting, options: { ...adamWithDefaults(options, LR), seed: options.seed ?? given.seed } }
  return {
    start: first(epdStart(task, 'normal')),
    enter: state => ({ state }),
    isDone: ({ iteration }) => iteration >= adamTotal(options),
    iterate: ({ state }) => iterate(task, state),
    conclude: ({ state }) => conclude(task, state)
  }
}

function cost(options: AdamOptions, effort: Effort): number {
  const { steps, training, validation } = effort
  const { batch } = adamWithDefaults(options, LR)
  const walked = walkCost(effort, steps)
  const probed = steps + 1 < END_TO_END ? probeCostToEnd(effort) : steps * probeCost(effort)
  const iterations = adamTotal(options) * Math.min(batch, training) * (walked + probed)
  return differenceStepCost(effort) + iterations + (training + validation) * walked
}

function first(start: Predictor): AdamState {
  return {
    ...tables(start),
    ...noMoments(flat(start).length),
    name: 'adam',
    iteration: 0,
    difference: null,
    evaluations: 0,
    backpropagated: 0
  }
}

/**
 * What an update looks at: the steps whose parameters it moves, the time points of its loss, and how many steps are
 * walked.
 */
interface Fit {
  readonly steps: readonly number[]
  readonly at: readonly number[]
  readonly extent: number
}

function fitsOf({ setting, at }: AdamTask): readonly Fit[] {
  const last = setting.sigmas.length - 1
  const steps = Array.from({ length: last }, (_, i) => i)
  if (last + 1 < END_TO_END) return [{ steps, at, extent: last }]
  return steps.map(i => ({ steps: [i], at: [i + 1], extent: i + 1 }))
}

async function iterate(task: AdamTask, before: AdamState): Promise<{ position: Position<AdamState>; row: Iteration }> {
  const { setting, training, options } = task
  const batch = batchAt(training, options.batch, options.seed, before.iteration)
  const begun = await withDifference(before, setting, training)
  let state: AdamState = begun
  let walked = predictorOf(begun, setting)
  let tape: Tape = []
  let loss = NaN
  for (const fit of fitsOf(task)) {
    // Steps behind keep the parameters that they were walked with.
    walked = withSteps(walked, predictorOf(state, setting), fit.steps)
    const [base] = await walk(setting, batch, [walked], fit.extent, tape)
    loss = finite(await lossOf(task, base, batch, fit.at))
    const slope = await gradient(task, batch, walked, base, fit, begun.difference)
    state = {
      ...update(task, state, slope.gradient),
      evaluations: state.evaluations + base.evaluations + slope.evaluations,
      backpropagated: state.backpropagated + 3 * base.evaluations
    }
    tape = base.tape
  }
  const { evaluations, backpropagated } = state
  const iteration = before.iteration + 1
  return {
    position: { state: { ...state, iteration } },
    row: { iteration, phase: 'adam', loss, evaluations, backpropagated, accepted: true }
  }
}

async function conclude(task: AdamTask, state: AdamState): Promise<Outcome> {
  const { setting, training, validation, at } = task
  const learned = predictorOf(state, setting)
  const steps = setting.sigmas.length - 1
  const [end] = await walk(setting, training, [learned], steps)
  const held = validation && (await walk(setting, validation, [learned], steps))[0]
  const checked = end.evaluations + (held?.evaluations ?? 0)
  return {
    learned,
    loss: await lossOf(task, end, training, at),
    validationLoss: held && (await lossOf(task, held, validation, at)),
    evaluations: state.evaluations + checked,
    backpropagated: state.backpropagated + checked
  }
}

/**
 * The gradient of the loss in all raw numbers, [step][r, weight, scaleDir, scaleTime][point]; 0 in those of other
 * steps.
 */
export async function gradient(
  { setting, look }: Pick<Task<EpdStudent>, 'setting' | 'look'>,
  batch: Trajectories,
  predictor: Predictor,
  base: Walk,
  { steps, at, extent }: Fit,
  difference: number
): Promise<{ gradient: number[]; evaluations: number }> {
  const all = steps.flatMap(step => probes(predictor, step, setting.sigmas, difference))
  const walks = await walk(
    setting,
    batch,
    all.map(probe => probe.predictor),
    extent,
    base.tape
  )
  const seen = (states: readonly Float64Array[]) => look(states, at, batch.seeds.length)
  const differenced: Differenced[] = []
  for (const [k, { change }] of all.entries()) differenced.push({ states: await seen(walks[k].states), change })
  const slope = slopes(await seen(base.states), await seen(batch.states), at, differenced)
  const width = 4 * setting.student.points
  const result = Array.from({ length: width * (setting.sigmas.length - 1) }, () => 0)
  all.forEach((probe, k) => {
    byRaw(predictor, probe).forEach((by, c) => (result[probe.step * width + c] += 2 * slope[k] * by))
  })
  return { gradient: result, evaluations: walks.reduce((sum, { evaluations }) => sum + evaluations, 0) }
}

function update({ options }: AdamTask, state: AdamState, gradient: readonly number[]): AdamState {
  const { lr, betas } = options
  const progress = state.iteration / adamTotal(options)
  const rate = LR_END + (lr - LR_END) * 0.5 * (1 + Math.cos(Math.PI * progress))
  const { values, moments } = adamStep(flat(state), gradient, state, rate, betas)
  return { ...state, ...unflat(values, state.r[0].length), ...moments }
}

function predictorOf(state: PredictorTables, { student }: Setting<EpdStudent>): Predictor {
  return { ...tables({ ...state, ranges: student.ranges }), ranges: student.ranges }
}

/** `to` with these steps as they are in `from`. */
function withSteps(to: Predictor, from: Predictor, steps: readonly number[]): Predictor {
  const rows = (name: keyof PredictorTables) => to[name].map((row, i) => (steps.includes(i) ? from[name][i] : row))
  return { ...to, r: rows('r'), weight: rows('weight'), scaleDir: rows('scaleDir'), scaleTime: rows('scaleTime') }
}

/** [step][r, weight, scaleDir, scaleTime][point] */
function flat({ r, weight, scaleDir, scaleTime }: PredictorTables): number[] {
  return r.flatMap((row, i) => [...row, ...weight[i], ...scaleDir[i], ...scaleTime[i]])
}

function unflat(raw: readonly number[], count: number): PredictorTables {
  const table = (which: number) =>
    Array.from({ length: raw.length / (4 * count) }, (_, i) => {
      const from = (4 * i + which) * count
      return raw.slice(from, from + count)
    })
  return { r: table(0), weight: table(1), scaleDir: table(2), scaleTime: table(3) }
}
