import type { Predictor, PredictorTables } from '../solvers/predictor.js'
import type { Tape } from '../solvers/driver.js'
import { batchAt } from './batches.js'
import { byRaw, probes } from './differences.js'
import { probeCost, probeCostToEnd, walkCost, type Effort } from './effort.js'
import { differenceStep, differenceStepCost } from './difference-step.js'
import { slopes, type Differenced } from './objective.js'
import { adamStep, noMoments, type Moments } from './moments.js'
import { tables } from './parameters.js'
import type { EpdStudent } from '../solvers/epd.js'
import { walk, type Setting, type Walk } from './student.js'
import { finite, lossOf, type Found, type Task } from './task.js'
import type { Trajectories } from './trajectories.js'

/** Adam with the gradients of finite differences: the recipe of the paper (arXiv 2507.14797). */
export interface AdamOptions {
  readonly name: 'adam'
  /** Learning rate at the start; it falls to 0.01 by a cosine. */
  readonly lr?: number
  readonly betas?: readonly [number, number]
  /** Trajectories in one iteration. */
  readonly batch?: number
  /** Trajectories in all, the same ones seen again and again. */
  readonly trajectories?: number
  /** Of the order in which trajectories are seen. */
  readonly seed?: number
}

/** Where a distillation stands: all that it needs to go on, beside its inputs. */
export interface AdamState extends PredictorTables, Moments {
  readonly name: 'adam'
  readonly iteration: number
  readonly difference: number | null
  readonly evaluations: number
  readonly backpropagated: number
}

type AdamTask = Task<AdamOptions, AdamState, Setting<EpdStudent>>

export const BATCH = 32
const LR_END = 0.01
/** With fewer time points, the paper's code trains from end to end. */
const END_TO_END = 6

/**
 * The paper's recipe (arXiv 2507.14797 and its code): Adam on the raw tables; with fewer than 6 time points one update an iteration
 * from the last step's loss, else one after each step. Gradients by differences in place of backpropagation.
 */
export async function adam(task: AdamTask): Promise<Found> {
  const { setting, training, validation, at } = task
  let state = task.resume ?? first(task)
  let loss = NaN
  while (state.iteration < total(task.optimizer)) {
    const done = await iterate(task, state)
    ;({ state, loss } = done)
    await task.onIteration?.(
      {
        iteration: state.iteration,
        phase: 'adam',
        loss,
        evaluations: state.evaluations,
        backpropagated: state.backpropagated,
        accepted: true
      },
      state
    )
  }
  const predictor = predictorOf(state, setting)
  const steps = setting.sigmas.length - 1
  const [end] = await walk(setting, training, [predictor], steps)
  const held = validation && (await walk(setting, validation, [predictor], steps))[0]
  const checked = end.evaluations + (held?.evaluations ?? 0)
  return {
    predictor,
    loss: await lossOf(task, end, training, at),
    validationLoss: held && (await lossOf(task, held, validation, at)),
    evaluations: state.evaluations + checked,
    backpropagated: state.backpropagated + checked
  }
}

/** Iterations in all. */
export function total({ trajectories = 10_000, batch = BATCH }: AdamOptions): number {
  return Math.ceil(trajectories / batch)
}

/** Evaluations in all. */
export function adamCost(options: AdamOptions, effort: Effort): number {
  const { steps, training, validation } = effort
  const walked = walkCost(effort, steps)
  const probed = steps + 1 < END_TO_END ? probeCostToEnd(effort) : steps * probeCost(effort)
  const batch = Math.min(options.batch ?? BATCH, training)
  return differenceStepCost(effort) + total(options) * batch * (walked + probed) + (training + validation) * walked
}

function first({ start }: AdamTask): AdamState {
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

async function iterate(task: AdamTask, before: AdamState): Promise<{ state: AdamState; loss: number }> {
  const { setting, training, at } = task
  const { batch: size = BATCH, seed = 0 } = task.optimizer
  const batch = batchAt(training, size, seed, before.iteration)
  const last = setting.sigmas.length - 1
  let { difference, evaluations, backpropagated } = before
  if (difference === null) {
    const measured = await differenceStep(setting.model, setting.sigmas, training)
    difference = measured.difference
    evaluations += measured.evaluations
  }
  const steps = Array.from({ length: last }, (_, i) => i)
  const fits =
    last + 1 < END_TO_END ? [{ steps, at, extent: last }] : steps.map(i => ({ steps: [i], at: [i + 1], extent: i + 1 }))
  let state = before
  let walked = predictorOf(before, setting)
  let tape: Tape = []
  let loss = NaN
  for (const fit of fits) {
    // Steps behind keep the parameters that they were walked with.
    walked = withSteps(walked, predictorOf(state, setting), fit.steps)
    const [base] = await walk(setting, batch, [walked], fit.extent, tape)
    loss = finite(await lossOf(task, base, batch, fit.at))
    const found = await gradient(task, batch, walked, base, fit, difference)
    evaluations += base.evaluations + found.evaluations
    backpropagated += 3 * base.evaluations
    state = update(task, state, found.gradient)
    tape = base.tape
  }
  return { state: { ...state, iteration: before.iteration + 1, difference, evaluations, backpropagated }, loss }
}

/** The gradient of the loss in all raw numbers, [step][r, weight, scaleDir, scaleTime][point]. */
export async function gradient(
  { setting, look }: Pick<AdamTask, 'setting' | 'look'>,
  batch: Trajectories,
  predictor: Predictor,
  base: Walk,
  { steps, at, extent }: { steps: readonly number[]; at: readonly number[]; extent: number },
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

function update({ optimizer }: AdamTask, state: AdamState, gradient: readonly number[]): AdamState {
  const { lr = 0.2, betas = [0.9, 0.999] } = optimizer
  const progress = state.iteration / total(optimizer)
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
