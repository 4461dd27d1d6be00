import { torchCpuGenerator } from '../random/torch-cpu.js'
import {
  AMED_CODE,
  AMED_HEAD,
  AMED_HIDDEN,
  AMED_WAVES,
  addGradient,
  amedForward,
  amedGradient,
  numbersOf,
  withNumbers,
  type AmedForward,
  type AmedLayers,
  type AmedPoint,
  type AmedPredictor,
  type Layer
} from '../solvers/amed-predictor.js'
import { amedSteps, type AmedStudent, type ChoosePoint } from '../solvers/amed.js'
import { drive, type Tape } from '../solvers/driver.js'
import { oneSample } from '../solvers/solve.js'
import { BATCH, total, type AdamOptions } from './adam.js'
import { batchAt } from './batches.js'
import { differenceStep, differenceStepCost } from './difference-step.js'
import { walkCost, type Effort } from './effort.js'
import { adamStep, noMoments, type Moments } from './moments.js'
import { meanSquare, slopes } from './objective.js'
import { withZero, type Setting } from './student.js'
import { finite, type Found, type Task } from './task.js'
import type { Trajectories } from './trajectories.js'

/** What tells the state of this training from those of the optimisers. */
export const AMED_STATE = 'amed'

/** Where the training of AMED's network stands: all that it needs to go on, beside its inputs. */
export interface AmedState extends Moments {
  readonly name: typeof AMED_STATE
  readonly iteration: number
  /** The network's numbers, one layer after the other. */
  readonly values: readonly number[]
  readonly difference: number | null
  readonly evaluations: number
  readonly backpropagated: number
}

type AmedSetting = Setting<AmedStudent>
export type AmedTask = Omit<Task<AdamOptions, AmedState, AmedSetting, AmedLayers>, 'look' | 'at'>

/** The authors' learning rate; it does not fall. */
const LR = 0.005

/**
 * The recipe of AMED (Zhou et al. 2023, arXiv 2312.00094, and its code): one update of Adam after every step, from the squared difference to the
 * teacher's next state. The model is not differentiated: how a step's end changes with a sample's own three parameters is found
 * by differences, and the chain rule leads from there through the small network.
 */
export async function trainAmed(task: AmedTask): Promise<Found<AmedPredictor>> {
  const { setting, training, validation, start } = task
  let state = task.resume ?? first(start)
  while (state.iteration < total(task.optimizer)) {
    const done = await iterate(task, state)
    state = done.state
    const { iteration, evaluations, backpropagated } = state
    await task.onIteration?.(
      { iteration, phase: 'adam', loss: done.loss, evaluations, backpropagated, accepted: true },
      state
    )
  }
  const predictor = predictorOf(state, task)
  const [end, held] = [
    await followed(setting, training, predictor),
    validation && (await followed(setting, validation, predictor))
  ]
  const checked = end.evaluations + (held?.evaluations ?? 0)
  return {
    predictor,
    loss: end.loss,
    validationLoss: held?.loss,
    evaluations: state.evaluations + checked,
    backpropagated: state.backpropagated + checked
  }
}

/** Evaluations in all. */
export function amedCost(options: AdamOptions, effort: Effort): number {
  const { steps, training, validation, scalesTime } = effort
  const walked = walkCost(effort, steps)
  const batch = Math.min(options.batch ?? BATCH, training)
  const iteration = batch * (walked + steps * (scalesTime ? 2 : 1))
  return differenceStepCost(effort) + total(options) * iteration + (training + validation) * walked
}

/** A network as it starts: weights of a size that keeps the variance, biases 0. `features`: numbers of a sample's features. */
export function amedStart(features: number, seed: number): AmedLayers {
  const generator = torchCpuGenerator(seed)
  const layer = (input: number, out: number, scale: number): Layer => {
    const drawn = generator.randn(input * out)
    return {
      weight: Array.from({ length: out }, (_, i) =>
        Array.from(drawn.subarray(i * input, (i + 1) * input), value => scale * value)
      ),
      bias: Array.from({ length: out }, () => 0)
    }
  }
  const head = () => layer(AMED_HEAD, 1, 1 / Math.sqrt(AMED_HEAD))
  return {
    time: layer(AMED_WAVES, AMED_WAVES, 1 / Math.sqrt(AMED_WAVES)),
    encoder: layer(features, AMED_HIDDEN, 1 / Math.sqrt(features)),
    code: layer(AMED_HIDDEN, AMED_CODE, 1 / Math.sqrt(AMED_HIDDEN)),
    r: head(),
    scaleDir: head(),
    scaleTime: head()
  }
}

function first(start: AmedLayers): AmedState {
  const values = numbersOf(start)
  return {
    ...noMoments(values.length),
    ...{ name: AMED_STATE, iteration: 0, values, difference: null, evaluations: 0, backpropagated: 0 }
  }
}

/** One batch, led through all steps; the network is updated after each of them. */
async function iterate(task: AmedTask, before: AmedState): Promise<{ state: AmedState; loss: number }> {
  const { setting, training } = task
  const { batch: size = BATCH, seed = 0 } = task.optimizer
  const batch = batchAt(training, size, seed, before.iteration)
  let { difference, evaluations, backpropagated } = before
  if (difference === null) {
    const measured = await differenceStep(setting.model, setting.sigmas, training)
    difference = measured.difference
    evaluations += measured.evaluations
  }
  let state = before
  let loss = NaN
  // Steps behind keep the parameters that they were walked with.
  const chosen: AmedPoint[][] = batch.seeds.map(() => [])
  let tapes: readonly Tape[] | undefined
  for (let step = 0; step + 1 < setting.sigmas.length; step++) {
    const predictor = predictorOf(state, task)
    const seen: AmedForward[] = []
    const choose = (sample: number): ChoosePoint => {
      return (features, t, next, i) => {
        if (i < step) return chosen[sample][i]
        seen[sample] = amedForward(predictor, features, t, next)
        return (chosen[sample][step] = seen[sample].point)
      }
    }
    const base = await walk(setting, batch, choose, step + 1, tapes)
    loss = finite(base.loss)
    const found = await slopesOf(setting, batch, base, chosen, step, difference)
    evaluations += base.evaluations + found.evaluations
    backpropagated += 3 * base.evaluations
    const gradient = new Float64Array(state.values.length)
    found.each.forEach((slope, sample) => {
      addGradient(gradient, predictor.layers, amedGradient(predictor, seen[sample], slope))
    })
    const { lr = LR, betas = [0.9, 0.999] } = task.optimizer
    const { values, moments } = adamStep(state.values, [...gradient], state, lr, betas)
    state = { ...state, ...moments, values }
    tapes = base.tapes
  }
  return { state: { ...state, iteration: before.iteration + 1, difference, evaluations, backpropagated }, loss }
}

/** How the mean square at a step's end changes with each sample's own parameters of that step. */
async function slopesOf(
  setting: AmedSetting,
  batch: Trajectories,
  base: AmedWalk,
  chosen: readonly (readonly AmedPoint[])[],
  step: number,
  difference: number
): Promise<{ each: AmedPoint[]; evaluations: number }> {
  const { sigmas, student } = setting
  const ratio = sigmas[step] / sigmas[step + 1]
  const by = {
    r: Math.min(difference / Math.log(ratio), 0.1),
    scaleDir: student.ranges.scaleDir > 0 ? difference / Math.max(ratio - 1, 1) : 0,
    scaleTime: student.ranges.scaleTime > 0 ? difference : 0
  }
  const slope = async (moved: keyof AmedPoint) => {
    const change = moved === 'r' ? (sample: number) => (chosen[sample][step].r > 0.5 ? -by.r : by.r) : () => by[moved]
    if (by[moved] === 0) return { slopes: batch.seeds.map(() => 0), evaluations: 0 }
    const probe =
      (sample: number): ChoosePoint =>
      (_features, _t, _next, i) =>
        i < step
          ? chosen[sample][i]
          : { ...chosen[sample][step], [moved]: chosen[sample][step][moved] + change(sample) }
    const { ends, evaluations } = await walk(setting, batch, probe, step + 1, base.tapes)
    const targets = statesOf(batch, step + 1)
    const own = ends.map((end, k) => {
      const [half] = slopes([base.ends[k]], [targets[k]], [0], [{ states: [end], change: change(k) }])
      return (2 * half) / ends.length
    })
    return { slopes: own, evaluations }
  }
  const [r, scaleDir, scaleTime] = [await slope('r'), await slope('scaleDir'), await slope('scaleTime')]
  return {
    each: batch.seeds.map((_, k) => ({ r: r.slopes[k], scaleDir: scaleDir.slopes[k], scaleTime: scaleTime.slopes[k] })),
    evaluations: r.evaluations + scaleDir.evaluations + scaleTime.evaluations
  }
}

interface AmedWalk {
  /** Each sample's state where it ends. */
  readonly ends: readonly Float64Array[]
  readonly tapes: readonly Tape[]
  /** Mean squared difference to the trajectories there. */
  readonly loss: number
  readonly evaluations: number
}

/** Walks each sample from the trajectories' noise over the first `steps` steps, all side by side. */
async function walk(
  { model, student, sigmas: above, toZero, batchSize, signal }: AmedSetting,
  batch: Trajectories,
  choose: (sample: number) => ChoosePoint,
  steps: number,
  replay?: readonly Tape[]
): Promise<AmedWalk> {
  const tapes: Tape[] = batch.seeds.map(() => [])
  const sigmas = toZero ? withZero(above) : above
  const [x] = batch.states
  const size = x.length / batch.seeds.length
  const jobs = batch.seeds.map((_, k) => {
    const one = oneSample({ x, condition: batch.condition }, size, k)
    const run = amedSteps({ x: one.x, samples: 1, sigmas }, student, choose(k))
    return { run, steps, condition: one.condition, record: tapes[k], replay: replay?.[k] }
  })
  const outcomes = await drive(jobs, { model, batchSize, signal })
  const ends = outcomes.map(({ x }) => x)
  return {
    ends,
    tapes,
    loss: meanSquare(ends, statesOf(batch, steps), [...ends.keys()]),
    evaluations: outcomes.reduce((sum, outcome) => sum + outcome.evaluations, 0)
  }
}

/** A predictor's own walk to the end. */
function followed(setting: AmedSetting, trajectories: Trajectories, predictor: AmedPredictor): Promise<AmedWalk> {
  const choose: ChoosePoint = (features, t, next) => amedForward(predictor, features, t, next).point
  return walk(setting, trajectories, () => choose, setting.sigmas.length - 1)
}

/** Each sample's state at a time point. */
function statesOf({ seeds, states }: Trajectories, i: number): Float64Array[] {
  const size = states[i].length / seeds.length
  return seeds.map((_, k) => states[i].subarray(k * size, (k + 1) * size))
}

function predictorOf({ values }: AmedState, { start, setting }: AmedTask): AmedPredictor {
  return { layers: withNumbers(start, values), ranges: setting.student.ranges }
}
