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
import type { AmedStudent, ChoosePoint } from '../solvers/amed.js'
import { lacksFeatures } from '../solvers/check-options.js'
import type { Tape } from '../solvers/driver.js'
import { bound } from '../solvers/options.js'
import { ADAM_TRAITS, adamTotal, adamWithDefaults, type AdamOptions, type AdamSpec } from './adam-options.js'
import { sampleSlopes, walkSamples, type AmedWalk } from './amed-walk.js'
import { batchAt } from './batches.js'
import { differenceStepCost, withDifference } from './difference-step.js'
import { walkCost, type Effort } from './effort.js'
import { adamStep, noMoments, type Moments } from './moments.js'
import { registered, type Course, type DistillState, type Position } from './optimiser.js'
import { isAmedStudent } from './student.js'
import { finite, type Iteration, type Outcome, type Task } from './task.js'
import type { Trajectories } from './trajectories.js'

/** Where the training of AMED's network stands: all that it needs to go on, beside its inputs. */
export interface AmedState extends Moments {
  readonly name: 'amed'
  readonly iteration: number
  /** The network's numbers, one layer after the other. */
  readonly values: readonly number[]
  readonly difference: number | null
  readonly evaluations: number
  readonly backpropagated: number
}

interface AmedTask extends Task<AmedStudent> {
  readonly options: AdamSpec & { readonly seed: number }
  readonly layers: AmedLayers
}

/** The authors' learning rate; it does not fall. */
const LR = 0.005

/**
 * The recipe of AMED (Zhou et al. 2023, arXiv 2312.00094, and its code): one update of Adam after every step, from the
 * squared difference to the teacher's next state. The model is not differentiated: how a step's end changes with a
 * sample's own three parameters is found by differences, and the chain rule leads from there through the small network.
 */
export const amedTraining = registered({
  ...ADAM_TRAITS,
  learns: ['network'],
  takesObjective: false,
  start: 'normal',
  isState: (state: DistillState): state is AmedState => state.name === 'amed',
  specify: (options: AdamOptions | undefined) => adamWithDefaults(options, LR),
  cost,
  course
})

function course(given: Task, options: AdamOptions): Course<AmedState, Position<AmedState>> {
  const { student, model } = given.setting
  const { descriptor } = bound(student)
  if (!isAmedStudent(student)) throw new RangeError(`distill: ${descriptor.name} has no network to be trained`)
  if (!model.features) throw new RangeError(`distill: ${descriptor.name} ${lacksFeatures(descriptor, model) ?? ''}`)
  const layers = amedStart(model.features.size, given.seed)
  const task = {
    ...given,
    layers,
    setting: { ...given.setting, student },
    options: { ...adamWithDefaults(options, LR), seed: options.seed ?? given.seed }
  }
  return {
    start: first(layers),
    enter: state => ({ state }),
    isDone: ({ iteration }) => iteration >= adamTotal(options),
    iterate: ({ state }) => iterate(task, state),
    conclude: ({ state }) => conclude(task, state)
  }
}

function cost(options: AdamOptions, effort: Effort): number {
  const { steps, training, validation, scalesTime } = effort
  const walked = walkCost(effort, steps)
  const batch = Math.min(adamWithDefaults(options, LR).batch, training)
  const iteration = batch * (walked + steps * (scalesTime ? 2 : 1))
  return differenceStepCost(effort) + adamTotal(options) * iteration + (training + validation) * walked
}

/**
 * A network as it starts: weights of a size that keeps the variance, biases 0.
 * `features`: how many numbers the features of a sample are.
 */
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
    name: 'amed',
    iteration: 0,
    values,
    difference: null,
    evaluations: 0,
    backpropagated: 0
  }
}

/** One batch, led through all steps; the network is updated after each of them. */
async function iterate(task: AmedTask, before: AmedState): Promise<{ position: Position<AmedState>; row: Iteration }> {
  const { setting, training, options } = task
  const batch = batchAt(training, options.batch, options.seed, before.iteration)
  const begun = await withDifference(before, setting, training)
  let led: Led = { state: begun, chosen: batch.seeds.map(() => []), loss: NaN }
  for (let step = 0; step + 1 < setting.sigmas.length; step++)
    led = await leadOn(task, batch, led, step, begun.difference)
  const { evaluations, backpropagated } = led.state
  const iteration = before.iteration + 1
  return {
    position: { state: { ...led.state, iteration } },
    row: { iteration, phase: 'adam', loss: led.loss, evaluations, backpropagated, accepted: true }
  }
}

/** A batch on its way through the steps. */
interface Led {
  readonly state: AmedState
  /** The parameters that each sample was walked with, [sample][step]. Steps behind keep theirs. */
  readonly chosen: readonly (readonly AmedPoint[])[]
  readonly tapes?: readonly Tape[]
  /** Mean squared difference to the teacher at the end of the last step. */
  readonly loss: number
}

/** Leads a batch through one more step and updates the network by what it finds there. */
async function leadOn(
  task: AmedTask,
  batch: Trajectories,
  { state, chosen: before, tapes }: Led,
  step: number,
  difference: number
): Promise<Led> {
  const { setting, options } = task
  const predictor = predictorOf(task, state)
  const forwards: AmedForward[] = []
  const choose = (sample: number): ChoosePoint => {
    return (features, t, next, i) => {
      if (i < step) return before[sample][i]
      forwards[sample] = amedForward(predictor, features, t, next)
      return forwards[sample].point
    }
  }
  const base = await walkSamples(setting, batch, choose, step + 1, tapes)
  const loss = finite(base.loss)
  const chosen = before.map((points, sample) => [...points, forwards[sample].point])
  const slope = await sampleSlopes(setting, batch, base, chosen, step, difference)
  const gradient = new Float64Array(state.values.length)
  slope.each.forEach((at, sample) => {
    addGradient(gradient, predictor.layers, amedGradient(predictor, forwards[sample], at))
  })
  const { values, moments } = adamStep(state.values, [...gradient], state, options.lr, options.betas)
  const evaluations = state.evaluations + base.evaluations + slope.evaluations
  const backpropagated = state.backpropagated + 3 * base.evaluations
  return { state: { ...state, ...moments, values, evaluations, backpropagated }, chosen, tapes: base.tapes, loss }
}

async function conclude(task: AmedTask, state: AmedState): Promise<Outcome> {
  const { training, validation } = task
  const learned = predictorOf(task, state)
  const end = await walked(task, training, learned)
  const held = validation && (await walked(task, validation, learned))
  const checked = end.evaluations + (held?.evaluations ?? 0)
  return {
    learned,
    loss: end.loss,
    validationLoss: held?.loss,
    evaluations: state.evaluations + checked,
    backpropagated: state.backpropagated + checked
  }
}

/** Walks a predictor over all steps. */
function walked({ setting }: AmedTask, trajectories: Trajectories, predictor: AmedPredictor): Promise<AmedWalk> {
  const choose: ChoosePoint = (features, t, next) => amedForward(predictor, features, t, next).point
  return walkSamples(setting, trajectories, () => choose, setting.sigmas.length - 1)
}

function predictorOf({ layers, setting }: AmedTask, { values }: AmedState): AmedPredictor {
  return { layers: withNumbers(layers, values), ranges: setting.student.ranges }
}
