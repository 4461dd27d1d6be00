import type { Predictor } from '../solvers/predictor.js'
import type { Block, Coordinates } from './block.js'
import { boundedMove, predictedFall, type Box } from './bounded.js'
import { byCoordinates, probes, timeProbes, type Probe } from './differences.js'
import { chained, normalEquations, type Differenced, type Normal } from './objective.js'
import { coordinates, withCoordinates } from './parameters.js'
import { walk, type TapedStudent, type Walk } from './student.js'
import { lossOf, type Task } from './task.js'

/** One least squares problem: what moves, and the time points that are looked at. */
export interface Fit {
  readonly blocks: readonly Block[]
  readonly at: readonly number[]
  /** Steps to walk. */
  readonly extent: number
  /** The step that differences are taken with. */
  readonly difference: number
}

/** A predictor, where it leads the training trajectories, and how far that is from the teacher. */
export interface Trial {
  readonly predictor: Predictor
  readonly walked: Walk
  readonly loss: number
}

/** What was tried, and the evaluations of single samples that it took. */
export interface Tried {
  readonly trial: Trial
  readonly evaluations: number
}

/** A trial in the direction that the linear problem gives. */
export interface Proposal extends Tried {
  /** How far the loss should fall, by the linear problem. */
  readonly expected: number
  /** The damping of this move, which is the least that was tried or more. */
  readonly damping: number
}

export const DAMPING_MIN = 1e-7
/** A move that does not lower the loss is tried again with so many times the damping, so many times in all. */
export const RISE = 8
export const TRIES = 4
/** How often a step's weights are fitted again after each move. */
const REFITS = 3

/** Walks a predictor; what the walk `from` has evaluated already is not evaluated again. */
export async function attempt(
  task: Task<TapedStudent>,
  { extent, at }: Fit,
  predictor: Predictor,
  from: Walk
): Promise<Tried> {
  const [walked] = await walk(task.setting, task.training, [predictor], extent, from.tape)
  const loss = await lossOf(task, walked, task.training, at)
  return { trial: { predictor, walked, loss }, evaluations: walked.evaluations }
}

/**
 * Moves by the linear problem, more and more damped until the loss falls.
 * `refits`: whether the weights are fitted again after each move.
 */
export async function propose(
  task: Task<TapedStudent>,
  fit: Fit,
  base: Trial,
  least: number,
  refits: boolean
): Promise<Proposal> {
  const { normal, evaluations: probed } = await linearise(task, fit, base, () => true)
  let evaluations = probed
  let damping = least
  for (let tries = 1; ; tries++) {
    const { predictor, expected } = move(base.predictor, fit, normal, damping)
    const moved = await attempt(task, fit, predictor, base.walked)
    const { trial, evaluations: refitted } = refits ? await refit(task, fit, moved.trial) : { ...moved, evaluations: 0 }
    evaluations += moved.evaluations + refitted
    if (trial.loss < base.loss || tries === TRIES) return { trial, expected, damping, evaluations }
    damping *= RISE
  }
}

/** Fits the weights and scales of direction once more: in their own step they cost no evaluation. */
async function refit(task: Task<TapedStudent>, fit: Fit, trial: Trial): Promise<Tried> {
  let best = trial
  let evaluations = 0
  for (let k = 0; k < REFITS; k++) {
    const linear = await linearise(task, fit, best, ({ moved }) => moved === 'product' || moved === 'weight')
    const { predictor } = move(best.predictor, fit, linear.normal, DAMPING_MIN)
    const next = await attempt(task, fit, predictor, best.walked)
    evaluations += linear.evaluations + next.evaluations
    if (!(next.trial.loss < best.loss)) break
    best = next.trial
  }
  return { trial: best, evaluations }
}

/** The linear problem at a trial, in the coordinates of the fit's blocks one after the other. */
async function linearise(
  { setting, training, look }: Task<TapedStudent>,
  { blocks, at, extent, difference }: Fit,
  { predictor, walked }: Trial,
  chosen: (probe: Probe) => boolean
): Promise<{ normal: Normal; evaluations: number }> {
  const sigmas = predictor.sigmas ?? setting.sigmas
  const probed = blocks
    .flatMap((block): Probe[] =>
      block === 'sigmas' ? timeProbes(predictor, difference) : probes(predictor, block, sigmas, difference)
    )
    .filter(chosen)
  const predictors = probed.map(probe => probe.predictor)
  const walks = await walk(setting, training, predictors, extent, walked.tape)
  const seen = (states: readonly Float64Array[]) => look(states, at, training.seeds.length)
  const differenced: Differenced[] = []
  for (const [k, { change }] of probed.entries()) differenced.push({ states: await seen(walks[k].states), change })
  const normal = normalEquations(await seen(walked.states), await seen(training.states), at, differenced)
  const chain = probed.map(probe => blocks.flatMap(block => byCoordinates(predictor, block, probe)))
  return { normal: chained(normal, chain), evaluations: walks.reduce((sum, { evaluations }) => sum + evaluations, 0) }
}

function move(
  predictor: Predictor,
  { blocks }: Fit,
  normal: Normal,
  damping: number
): { predictor: Predictor; expected: number } {
  const now = blocks.map(block => coordinates(predictor, block))
  const by = boundedMove(normal, damping, reach(now))
  let from = 0
  const moved = blocks.reduce((result, block, i) => {
    const values = now[i].values.map((value, c) => value + by[from + c])
    from += values.length
    return withCoordinates(result, block, values)
  }, predictor)
  return { predictor: moved, expected: predictedFall(normal, by) }
}

/** How far each coordinate may move: to its bounds, but not all the way at once. */
function reach(each: readonly Coordinates[]): Box {
  return {
    lower: each.flatMap(({ values, lower, reach }) =>
      values.map((value, c) => Math.min(0, Math.max(lower[c] - value, -reach[c])))
    ),
    upper: each.flatMap(({ values, upper, reach }) =>
      values.map((value, c) => Math.max(0, Math.min(upper[c] - value, reach[c])))
    )
  }
}
