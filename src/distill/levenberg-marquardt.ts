import type { Predictor } from '../solvers/predictor.js'
import { boundedMove, predictedFall, type Box } from './bounded.js'
import { byCoordinates, probes, timeProbes, type Probe } from './differences.js'
import { probeCost, probeCostToEnd, walkCost, type Effort } from './effort.js'
import { differenceStep, differenceStepCost } from './difference-step.js'
import { chained, normalEquations, type Differenced, type Normal } from './objective.js'
import {
  clamped,
  coordinates,
  tables,
  withCoordinates,
  type Block,
  type Coordinates,
  type FoundTables
} from './parameters.js'
import { walk, type Walk } from './student.js'
import { survey, surveyCost } from './survey.js'
import { finite, lossOf, type Found, type Iteration, type Task } from './task.js'

/** Levenberg-Marquardt: a fit of each step to the teacher's next state, then of all steps from end to end. */
export interface LevenbergMarquardtOptions {
  readonly name: 'levenberg-marquardt'
  /** The most iterations of each step's own fit; default 4. */
  readonly iterations?: number
  /** The most iterations from end to end; default 1. */
  readonly finalIterations?: number
  /** Places that each step is surveyed at for the start of its points; default 9, 0: they start where they are told to. */
  readonly places?: number
}

/** Where a distillation stands: all that it needs to go on, beside its inputs. */
export interface LevenbergMarquardtState {
  readonly name: 'levenberg-marquardt'
  readonly phase: 'step' | 'final' | 'done'
  readonly step: number
  /** Iterations of this fit, and in all. */
  readonly round: number
  readonly iteration: number
  readonly tables: FoundTables
  /** How many steps the model has already been evaluated on with these tables. */
  readonly walked: number
  /** Of this fit at these tables; null before its first iteration. */
  readonly loss: number | null
  readonly damping: number
  readonly difference: number | null
  readonly evaluations: number
  readonly best: BestFit | null
  /** Moves from end to end since the best one. */
  readonly stale: number
}

/** What did best on the validation trajectories. */
export interface BestFit {
  readonly tables: FoundTables
  readonly loss: number
  readonly validationLoss: number
}

const ITERATIONS = 4
const FINAL_ITERATIONS = 1
const PLACES = 9
/** Marquardt's damping at the start of a step's fit, and from end to end, where steps upset each other. */
const DAMPING = 1e-2
const DAMPING_FINAL = 0.05
const DAMPING_MIN = 1e-7
/** A move that does not lower the loss is tried again with so many times the damping, so many times in all. */
const RISE = 8
const TRIES = 4
/** Moves from end to end without a gain in validation before it stops. */
const PATIENCE = 2
/** Times that a step's weights are fitted again after each move. */
const REFITS = 3

type State = { -readonly [Key in keyof LevenbergMarquardtState]: LevenbergMarquardtState[Key] }
type LevenbergMarquardtTask = Task<LevenbergMarquardtOptions, LevenbergMarquardtState>

/** One least squares problem: what moves, and the time points that are looked at. */
interface Fit {
  readonly blocks: readonly Block[]
  readonly at: readonly number[]
  /** Steps to walk. */
  readonly extent: number
  /** Iterations at most. */
  readonly rounds: number
  /** It ends when a move lowers the loss by less than this share. */
  readonly tolerance: number
}

/** A predictor, where it leads the training trajectories, and how far that is from the teacher. */
interface Trial {
  readonly predictor: Predictor
  readonly walked: Walk
  readonly loss: number
}

/**
 * Levenberg-Marquardt (Marquardt 1963) without derivatives of the model. First step by step: from the student's own state at
 * one time point, least squares to the teacher's state at the next, started by a survey of the step. Then from end to end on
 * the objective, keeping what does best on the validation trajectories.
 */
export async function levenbergMarquardt(task: LevenbergMarquardtTask): Promise<Found> {
  const state: State = structuredClone(task.resume ?? first(task))
  let [walked] = await walk(task.setting, task.training, [predictorOf(state, task)], state.walked)
  while (state.phase !== 'done') {
    const done = await iterate(task, state, walked)
    walked = done.walked
    await task.onIteration?.(done.row, structuredClone(state))
  }
  return conclude(task, state, walked)
}

/** The most evaluations that it takes: with every iteration, and every move tried to the last. */
export function levenbergMarquardtCost(options: LevenbergMarquardtOptions, effort: Effort): number {
  const { iterations = ITERATIONS, finalIterations = FINAL_ITERATIONS, places = PLACES } = options
  const { points, steps, training, validation } = effort
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

function first({ start, optimizer }: LevenbergMarquardtTask): State {
  const canonical = blocksOf(start).reduce(
    (predictor, i) => withCoordinates(predictor, i, clamped(predictor, i)),
    start
  )
  const stepwise = optimizer.iterations !== 0 && start.r.length > 0
  return {
    name: 'levenberg-marquardt',
    phase: stepwise ? 'step' : optimizer.finalIterations !== 0 ? 'final' : 'done',
    step: 0,
    round: 0,
    iteration: 0,
    tables: tables(canonical),
    walked: 0,
    loss: null,
    damping: stepwise ? DAMPING : DAMPING_FINAL,
    difference: null,
    evaluations: 0,
    best: null,
    stale: 0
  }
}

/** All that a predictor leaves to be found. */
function blocksOf({ r, sigmas }: FoundTables): Block[] {
  return [...r.keys(), ...(sigmas ? (['sigmas'] as const) : [])]
}

function predictorOf({ tables }: State, { start }: Pick<LevenbergMarquardtTask, 'start'>): Predictor {
  return { ...tables, ranges: start.ranges }
}

function fitOf({ setting, at, optimizer }: LevenbergMarquardtTask, { phase, step, tables }: State): Fit {
  const { iterations = ITERATIONS, finalIterations = FINAL_ITERATIONS } = optimizer
  return phase === 'step'
    ? { blocks: [step], at: [step + 1], extent: step + 1, rounds: iterations, tolerance: 1e-2 }
    : { blocks: blocksOf(tables), at, extent: setting.sigmas.length - 1, rounds: finalIterations, tolerance: 1e-3 }
}

/** One iteration, noted in the state; returns the walk of the tables that it ends with. */
async function iterate(
  task: LevenbergMarquardtTask,
  state: State,
  from: Walk
): Promise<{ row: Iteration; walked: Walk }> {
  const { phase, step } = state
  const fit = fitOf(task, state)
  const base = await begin(task, state, fit, from)
  const { trial, expected } = await propose(task, state, fit, base)
  const fall = base.loss - trial.loss
  const accepted = fall > 0
  const { damping } = state
  if (accepted) accept(state, trial, fall / expected)
  const validationLoss = accepted && phase === 'final' ? await validate(task, state, trial) : undefined
  state.iteration += 1
  state.round += 1
  const { evaluations, iteration } = state
  const settled = !(fall > fit.tolerance * base.loss)
  if (settled || state.round >= fit.rounds || state.stale >= PATIENCE) goOn(task, state)
  const kept = accepted ? trial : base
  const where = phase === 'step' ? { phase, step } : { phase: 'final' as const }
  return {
    row: { iteration, ...where, loss: kept.loss, validationLoss, evaluations, accepted, damping },
    walked: kept.walked
  }
}

/**
 * The step that differences are taken with at least. A finer one would gain a fit nothing, and carry the rounding of double precision into it:
 * what an exact model is distilled to would hang on its last bits.
 */
const LEAST_DIFFERENCE = 5e-4

/** Where the state's tables lead; at the beginning of a fit that is yet to be seen. */
async function begin(task: LevenbergMarquardtTask, state: State, fit: Fit, walked: Walk): Promise<Trial> {
  const { setting, training } = task
  if (state.loss !== null) return { predictor: predictorOf(state, task), walked, loss: state.loss }
  if (state.difference === null) {
    const { difference, evaluations } = await differenceStep(setting.model, setting.sigmas, training)
    state.difference = Math.max(difference, LEAST_DIFFERENCE)
    state.evaluations += evaluations
  }
  const places = task.optimizer.places ?? PLACES
  if (state.phase === 'step' && places > 0) {
    const { predictor, evaluations } = await survey(setting, training, predictorOf(state, task), state.step, places)
    state.tables = tables(predictor)
    state.evaluations += evaluations
  }
  const begun = await attempt(task, state, fit, predictorOf(state, task), walked)
  state.walked = fit.extent
  state.loss = finite(begun.loss)
  if (state.phase === 'final') await validate(task, state, begun)
  return begun
}

async function attempt(
  task: LevenbergMarquardtTask,
  state: State,
  { extent, at }: Fit,
  predictor: Predictor,
  from: Walk
): Promise<Trial> {
  const [walked] = await walk(task.setting, task.training, [predictor], extent, from.tape)
  state.evaluations += walked.evaluations
  return { predictor, walked, loss: await lossOf(task, walked, task.training, at) }
}

/** Moves by the linear problem, more and more damped until the loss falls; `expected` is how far it should fall. */
async function propose(
  task: LevenbergMarquardtTask,
  state: State,
  fit: Fit,
  base: Trial
): Promise<{ trial: Trial; expected: number }> {
  const normal = await linearise(task, state, fit, base, () => true)
  for (let tries = 1; ; tries++) {
    const { predictor, expected } = move(base.predictor, fit, normal, state.damping)
    const moved = await attempt(task, state, fit, predictor, base.walked)
    const trial = state.phase === 'step' ? await refit(task, state, fit, moved) : moved
    if (trial.loss < base.loss || tries === TRIES) return { trial, expected }
    state.damping *= RISE
  }
}

/** The weights and scales of direction once more: in their own step they cost no evaluation. */
async function refit(task: LevenbergMarquardtTask, state: State, fit: Fit, trial: Trial): Promise<Trial> {
  let best = trial
  for (let k = 0; k < REFITS; k++) {
    const normal = await linearise(task, state, fit, best, ({ moved }) => moved === 'product' || moved === 'weight')
    const { predictor } = move(best.predictor, fit, normal, DAMPING_MIN)
    const next = await attempt(task, state, fit, predictor, best.walked)
    if (!(next.loss < best.loss)) break
    best = next
  }
  return best
}

/** The linear problem at a trial, in the coordinates of the fit's steps one after the other. */
async function linearise(
  { setting, training, look }: LevenbergMarquardtTask,
  state: State,
  { blocks, at, extent }: Fit,
  { predictor, walked }: Trial,
  chosen: (probe: Probe) => boolean
): Promise<Normal> {
  const sigmas = predictor.sigmas ?? setting.sigmas
  const difference = state.difference ?? 0
  const probed = blocks
    .flatMap((block): Probe[] =>
      block === 'sigmas' ? timeProbes(predictor, difference) : probes(predictor, block, sigmas, difference)
    )
    .filter(chosen)
  const predictors = probed.map(probe => probe.predictor)
  const walks = await walk(setting, training, predictors, extent, walked.tape)
  for (const { evaluations } of walks) state.evaluations += evaluations
  const seen = (states: readonly Float64Array[]) => look(states, at, training.seeds.length)
  const differenced: Differenced[] = []
  for (const [k, { change }] of probed.entries()) differenced.push({ states: await seen(walks[k].states), change })
  const normal = normalEquations(await seen(walked.states), await seen(training.states), at, differenced)
  const chain = probed.map(probe => blocks.flatMap(block => byCoordinates(predictor, block, probe)))
  return chained(normal, chain)
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

function accept(state: State, { predictor, loss }: Trial, gain: number): void {
  state.tables = tables(predictor)
  state.loss = loss
  state.damping = Math.max(state.damping * Math.max(1 / 5, 1 - (2 * gain - 1) ** 3), DAMPING_MIN)
}

/** The loss on the validation trajectories; the best tables so far are kept. */
async function validate(
  task: LevenbergMarquardtTask,
  state: State,
  { predictor, loss }: Trial
): Promise<number | undefined> {
  const { setting, validation, at } = task
  if (!validation) return undefined
  const [held] = await walk(setting, validation, [predictor], setting.sigmas.length - 1)
  const validationLoss = await lossOf(task, held, validation, at)
  state.evaluations += held.evaluations
  const better = !state.best || validationLoss < state.best.validationLoss
  state.stale = better ? 0 : state.stale + 1
  if (better) state.best = { tables: tables(predictor), loss, validationLoss }
  return validationLoss
}

/** To the next fit, or the end. */
function goOn({ setting, optimizer }: LevenbergMarquardtTask, state: State): void {
  const last = setting.sigmas.length - 2
  if (state.phase === 'final' || (state.step === last && optimizer.finalIterations === 0)) {
    state.phase = 'done'
    return
  }
  if (state.step === last) state.phase = 'final'
  else state.step += 1
  state.round = 0
  state.loss = null
  state.damping = state.phase === 'final' ? DAMPING_FINAL : DAMPING
}

async function conclude(task: LevenbergMarquardtTask, state: State, walked: Walk): Promise<Found> {
  const loss = await lossOf(task, walked, task.training, task.at)
  const predictor = predictorOf(state, task)
  if (!state.best) await validate(task, state, { predictor, loss, walked })
  const { evaluations, best } = state
  if (!best) return { predictor, loss, evaluations }
  return {
    predictor: { ...predictor, ...best.tables },
    loss: best.loss,
    validationLoss: best.validationLoss,
    evaluations
  }
}
