import type { Predictor, PredictorTables } from '../solvers/predictor.js'
import { boundedMove, predictedFall } from './bounded.js'
import { byCoordinates, probes } from './differences.js'
import { differenceStep } from './noise.js'
import { chained, meanSquare, normalEquations, type Normal } from './objective.js'
import { coordinates, tables, withCoordinates } from './parameters.js'
import { walk, type Setting, type Walk } from './student.js'
import type { Trajectories } from './trajectories.js'
import { finite, type Found, type Task } from './task.js'

export interface LevenbergMarquardtOptions {
  readonly name: 'levenberg-marquardt'
  /** The most iterations of each step's own fit. */
  readonly iterations?: number
  /** The most iterations from end to end. */
  readonly finalIterations?: number
}

/** Where a distillation stands: all that it needs to go on, beside its inputs. */
export interface LevenbergMarquardtState extends PredictorTables {
  readonly name: 'levenberg-marquardt'
  readonly phase: 'step' | 'final' | 'done'
  readonly step: number
  /** Iterations done in this fit, and in all. */
  readonly round: number
  readonly iteration: number
  /** How many steps the tape covers. */
  readonly taped: number
  readonly loss: number | null
  readonly damping: number
  readonly rise: number
  readonly normal: Normal | null
  readonly difference: number | null
  readonly evaluations: number
  readonly best: { readonly tables: PredictorTables; readonly loss: number; readonly validationLoss: number } | null
  /** Iterations since the best one. */
  readonly stale: number
}

const DAMPING = 1e-2
const DAMPING_MIN = 1e-7
const DAMPING_MAX = 1e6
const RISE = 4
const PATIENCE = 2

/** What one fit is about: the steps whose parameters it moves, the time points it looks at. */
interface Fit {
  readonly steps: readonly number[]
  readonly at: readonly number[]
  /** Steps to walk. */
  readonly extent: number
  readonly rounds: number
  readonly tolerance: number
}

export async function levenbergMarquardt(
  task: Task<LevenbergMarquardtOptions, LevenbergMarquardtState>
): Promise<Found> {
  const { setting, training, validation } = task
  let state = task.resume ?? first(task)
  let base = await walk(setting, training, [predictorOf(state, setting)], state.taped).then(([only]) => only)
  while (state.phase !== 'done') {
    const done = await iterate(task, state, base)
    ;({ state, base } = done)
    await task.onIteration?.(done.row, state)
  }
  const found = state.best?.tables ?? tables(predictorOf(state, setting))
  const predictor = { ...found, ranges: setting.student.ranges }
  if (!state.best && validation) {
    const [end] = await walk(setting, validation, [predictor], setting.sigmas.length - 1)
    return {
      predictor,
      loss: meanSquare(base.states, training, task.at),
      validationLoss: meanSquare(end.states, validation, task.at),
      evaluations: state.evaluations + end.evaluations
    }
  }
  return {
    predictor,
    loss: state.best?.loss ?? state.loss ?? NaN,
    validationLoss: state.best?.validationLoss,
    evaluations: state.evaluations
  }
}

function first({ start, setting, optimizer }: Task<LevenbergMarquardtOptions, LevenbergMarquardtState>) {
  const steps = setting.sigmas.length - 1
  const canonical = Array.from({ length: steps }, (_, i) => i).reduce(
    (predictor, i) => withCoordinates(predictor, i, clamped(predictor, i)),
    start
  )
  return {
    ...tables(canonical),
    name: 'levenberg-marquardt' as const,
    phase: optimizer.iterations === 0 ? ('final' as const) : ('step' as const),
    step: 0,
    round: 0,
    iteration: 0,
    taped: 0,
    loss: null,
    damping: DAMPING,
    rise: RISE,
    normal: null,
    difference: null,
    evaluations: 0,
    best: null,
    stale: 0
  }
}

function clamped(predictor: Predictor, step: number): number[] {
  const { values, lower, upper } = coordinates(predictor, step)
  return values.map((value, i) => Math.min(Math.max(value, lower[i]), upper[i]))
}

function predictorOf({ r, weight, scaleDir, scaleTime }: PredictorTables, { student }: Setting): Predictor {
  return { r, weight, scaleDir, scaleTime, ranges: student.ranges }
}

function fitOf(
  { setting, at, optimizer }: Task<LevenbergMarquardtOptions, LevenbergMarquardtState>,
  { phase, step }: LevenbergMarquardtState
): Fit {
  const { iterations = 12, finalIterations = 5 } = optimizer
  const last = setting.sigmas.length - 1
  if (phase === 'step')
    return { steps: [step], at: [step + 1], extent: step + 1, rounds: iterations, tolerance: TOL.step }
  return {
    steps: [...setting.sigmas.keys()].slice(0, last),
    at,
    extent: last,
    rounds: finalIterations,
    tolerance: TOL.final
  }
}

export const TOL = { step: 1e-3, final: 1e-3, refit: 3, tau: DAMPING }

async function iterate(
  task: Task<LevenbergMarquardtOptions, LevenbergMarquardtState>,
  before: LevenbergMarquardtState,
  base: Walk
) {
  const { setting, training, validation, at } = task
  const fit = fitOf(task, before)
  const predictor = predictorOf(before, setting)
  let { evaluations, loss, best, stale } = before
  let difference = before.difference
  if (difference === null) {
    const measured = await differenceStep(setting.model, setting.sigmas, training)
    difference = measured.difference
    evaluations += measured.evaluations
  }
  if (loss === null) {
    ;[base] = await walk(setting, training, [predictor], fit.extent, base.tape)
    evaluations += base.evaluations
    loss = finite(meanSquare(base.states, training, fit.at))
    if (before.phase === 'final' && validation) {
      const [held] = await walk(setting, validation, [predictor], fit.extent)
      evaluations += held.evaluations
      best = { tables: tables(predictor), loss, validationLoss: meanSquare(held.states, validation, at) }
    }
  }
  let normal = before.normal
  if (!normal) {
    const found = await linearise(setting, training, predictor, base, fit, difference)
    normal = found.normal
    evaluations += found.evaluations
  }
  const { trial, fall } = propose(predictor, fit, normal, before.damping)
  let [tried] = await walk(setting, training, [trial], fit.extent, base.tape)
  evaluations += tried.evaluations
  let proposal = trial
  if (before.phase === 'step')
    for (let k = 0; k < TOL.refit; k++) {
      const linear = await linearise(setting, training, proposal, tried, fit, difference, true)
      const next = propose(proposal, fit, linear.normal, 1e-6).trial
      const [refitted] = await walk(setting, training, [next], fit.extent, tried.tape)
      if (linear.evaluations + refitted.evaluations > 0) throw new Error('not free')
      if (meanSquare(refitted.states, training, fit.at) >= meanSquare(tried.states, training, fit.at)) break
      proposal = next
      tried = refitted
    }
  const triedLoss = meanSquare(tried.states, training, fit.at)
  const accepted = triedLoss < loss
  const gain = (loss - triedLoss) / fall
  const small = accepted && loss - triedLoss < fit.tolerance * loss
  let validationLoss: number | undefined
  if (accepted && before.phase === 'final' && validation) {
    const [held] = await walk(setting, validation, [proposal], fit.extent)
    evaluations += held.evaluations
    validationLoss = meanSquare(held.states, validation, at)
    stale += 1
    if (!best || validationLoss < best.validationLoss) {
      best = { tables: tables(proposal), loss: triedLoss, validationLoss }
      stale = 0
    }
  }
  const round = before.round + 1
  const over = round >= fit.rounds || small || stale >= PATIENCE || before.damping > DAMPING_MAX
  const damping = accepted
    ? Math.max(before.damping * Math.max(1 / 5, 1 - (2 * gain - 1) ** 3), DAMPING_MIN)
    : before.damping * before.rise
  const next = {
    ...before,
    ...tables(accepted ? proposal : predictor),
    round,
    iteration: before.iteration + 1,
    taped: fit.extent,
    loss: accepted ? triedLoss : loss,
    damping,
    rise: accepted ? RISE : before.rise * 2,
    normal: accepted ? null : normal,
    difference,
    evaluations,
    best,
    stale
  }
  const row = {
    iteration: next.iteration,
    phase: before.phase === 'step' ? ('step' as const) : ('final' as const),
    step: before.phase === 'step' ? before.step : undefined,
    loss: next.loss,
    validationLoss,
    evaluations,
    accepted,
    damping: before.damping
  }
  return { state: over ? advanced(task, next) : next, base: accepted ? tried : base, row }
}

function advanced(
  { setting, optimizer }: Task<LevenbergMarquardtOptions, LevenbergMarquardtState>,
  state: LevenbergMarquardtState
): LevenbergMarquardtState {
  const fresh = { ...state, round: 0, damping: TOL.tau, rise: RISE, normal: null, stale: 0 }
  if (state.phase === 'final') return { ...state, phase: 'done' }
  if (state.step + 2 < setting.sigmas.length) return { ...fresh, step: state.step + 1, loss: null }
  return optimizer.finalIterations === 0 ? { ...state, phase: 'done' } : { ...fresh, phase: 'final', loss: null }
}

/** The normal equations at a predictor, in the coordinates of the fit's steps one after the other. */
async function linearise(
  setting: Setting,
  training: Trajectories,
  predictor: Predictor,
  base: Walk,
  fit: Fit,
  difference: number,
  free = false
): Promise<{ normal: Normal; evaluations: number }> {
  const all = fit.steps
    .flatMap(step => probes(predictor, step, setting.sigmas, difference))
    .filter(({ moved }) => !free || moved === 'product' || moved === 'weight')
  const walks = await walk(
    setting,
    training,
    all.map(probe => probe.predictor),
    fit.extent,
    base.tape
  )
  const probed = all.map(({ change }, k) => ({ states: walks[k].states, change }))
  const width = 3 * setting.student.points + 1
  const size = fit.steps.length * width
  const chain = all.map(probe => {
    const row = Array.from({ length: size }, () => 0)
    const from = fit.steps.indexOf(probe.step) * width
    byCoordinates(predictor, probe).forEach((value, c) => (row[from + c] = value))
    return row
  })
  const normal = chained(normalEquations(base.states, training, fit.at, probed), chain, size)
  return { normal, evaluations: walks.reduce((sum, { evaluations }) => sum + evaluations, 0) }
}

/** The most that a coordinate moves at once. */
const REACH = 2
const REACH_R = 0.25

function propose(
  predictor: Predictor,
  { steps }: Fit,
  normal: Normal,
  damping: number
): { trial: Predictor; fall: number } {
  const each = steps.map(step => coordinates(predictor, step))
  const lower: number[] = []
  const upper: number[] = []
  for (const { values, lower: low, upper: high } of each)
    values.forEach((value, c) => {
      const reach = c < (values.length - 1) / 3 ? REACH_R : REACH
      lower.push(Math.min(0, Math.max(low[c] - value, -reach)))
      upper.push(Math.max(0, Math.min(high[c] - value, reach)))
    })
  const move = boundedMove(normal, damping, { lower, upper })
  const width = each[0].values.length
  const trial = steps.reduce(
    (moved, step, i) =>
      withCoordinates(
        moved,
        step,
        each[i].values.map((value, c) => value + move[i * width + c])
      ),
    predictor
  )
  return { trial, fall: predictedFall(normal, move) }
}
