import type { Condition, Denoiser } from '../models/denoiser.js'
import { drive } from './driver.js'
import { falls } from './predictor.js'
import { isInFlow } from './coordinates.js'
import { checkOptions } from './check-options.js'
import type { Bound } from './descriptor.js'
import { bound, start, type SolverOptions } from './options.js'

/** What is to be solved, with which solver. */
export interface SolveOptions {
  /** The model, D(x; sigma). It is not closed. */
  readonly model: Denoiser
  /** A solver of the project by its name with its options, or one of the caller's own: `{ descriptor, options }`. */
  readonly solver: SolverOptions
  /** The state at sigmas[0], [batch, ...shape], as `noise` gives it. */
  readonly x: Float64Array
  /** Decreasing time points, as `schedule` gives them; the last may be 0. */
  readonly sigmas: Float64Array
  readonly condition?: Condition
  /** The most samples that the model is given at once. */
  readonly batchSize?: number
  /** An aborted signal ends the work before the next batch; `solve` then throws the signal's reason. */
  readonly signal?: AbortSignal
  /** Told of each state as soon as all samples have reached it, from the first time point to the last. */
  readonly onStep?: (step: SolvedStep) => void
}

/** A state on the way from noise to samples. */
export interface SolvedStep {
  /** The place of the time point in `sigmas`, from 0. The last step has `sigmas.length - 1`. */
  readonly step: number
  /** The noise level there. */
  readonly sigma: number
  /** The state there, [batch, ...shape]. It is the solver's own array, and must not be changed. */
  readonly x: Float64Array
}

/** What solving an ODE has led to, and what it has cost. */
export interface Solution {
  /** The state at the last time point, [batch, ...shape]: samples in the model's range, about -1 to 1. */
  readonly x: Float64Array
  /**
   * trajectory[i] is the state at sigmas[i], [batch, ...shape]; of a table, where the first row of layer i stands, and
   * at last the result.
   */
  readonly trajectory: Float64Array[]
  /** Parallel NFE: how many evaluations had to wait for each other. Where samples differ in it, it is the largest. */
  readonly nfe: number
  /** Evaluations of the model for one sample, parallel ones counted one by one; the average over the batch. */
  readonly evaluations: number
}

/**
 * Solves the probability flow ODE (Song et al. 2021, arXiv 2011.13456; in EDM's form dx/dsigma = (x - D(x; sigma)) /
 * sigma) from x at sigmas[0] to the last of `sigmas`.
 * @throws RangeError for a solver that is not known, options outside their ranges, and a state or time points that do
 * not fit
 * @throws whatever the model does: one of a checkpoint an EpdError `model-output` where it answers numbers that are not
 * finite
 */
export async function solve(options: SolveOptions): Promise<Solution> {
  const { model, x, sigmas, batchSize, signal } = options
  const solver = bound(options.solver)
  const size = model.shape[0] * model.shape[1] * model.shape[2]
  if (x.length === 0 || x.length % size !== 0)
    throw new RangeError(`solve: x must hold whole samples of ${model.shape.join('x')}, found ${x.length} numbers`)
  checkOptions(solver, model)
  checkTimePoints(solver, sigmas)
  if (sigmas[0] === Infinity) checkPureNoise(solver, model)
  const samples = x.length / size
  const parts = solver.descriptor.oneByOne
    ? Array.from({ length: samples }, (_, k) => oneSample(options, size, k))
    : [options]
  const onReached = options.onStep && stepsOf(parts.length, sigmas, options.onStep)
  const jobs = parts.map((part, k) => {
    const run = start(solver, { x: part.x, samples: part.x.length / size, sigmas })
    return { run, condition: part.condition, onReached: onReached?.(k) }
  })
  const outcomes = await drive(jobs, { model, batchSize, signal })
  const own = solver.descriptor.ownTimePoints === true
  if (!own && outcomes.some(({ states }) => states.length !== sigmas.length))
    throw new RangeError(`${solver.descriptor.name}: has not yielded the state at each of ${sigmas.length} time points`)
  const trajectory = [...outcomes[0].states.keys()].map(i => joined(outcomes.map(({ states }) => states[i])))
  return {
    x: joined(outcomes.map(outcome => outcome.x)),
    trajectory,
    nfe: Math.max(...outcomes.map(outcome => outcome.nfe)),
    evaluations: outcomes.reduce((sum, { evaluations }) => sum + evaluations, 0) / samples
  }
}

function checkTimePoints({ descriptor, options }: Bound, sigmas: Float64Array): void {
  const last = sigmas.length - 1
  const toZero = sigmas[last] === 0
  const finite = sigmas.subarray(sigmas[0] === Infinity ? 1 : 0, toZero ? last : sigmas.length)
  if (last < 1 || !falls(finite)) throw new RangeError('solve: sigmas must be 2 or more falling noise levels')
  if (toZero && !descriptor.reachesZero)
    throw new RangeError(`solve: ${descriptor.name} does not reach a noise level of 0`)
  descriptor.checkTimePoints?.(options, sigmas)
}

/** @throws RangeError unless a solver can begin at infinite noise, and the model is told of it */
function checkPureNoise({ descriptor, options }: Bound, model: Denoiser): void {
  if (!isInFlow(options) && !descriptor.ownTimePoints)
    throw new RangeError(`solve: ${descriptor.name} begins at infinite noise in the coordinates of a flow alone`)
  if (!model.pureNoise)
    throw new RangeError(
      `solve: time points begin at infinite noise, which the model is not told of: its last noise level is ${model.sigmaMax}`
    )
}

/** Joins the states of runs that go on side by side, and tells of each once all of them have reached it. */
function stepsOf(runs: number, sigmas: Float64Array, onStep: (step: SolvedStep) => void) {
  const waiting = new Map<number, Map<number, Float64Array>>()
  return (run: number) => (state: Float64Array, step: number) => {
    const reached = waiting.get(step) ?? new Map<number, Float64Array>()
    waiting.set(step, reached.set(run, state))
    if (reached.size < runs) return
    waiting.delete(step)
    onStep({ step, sigma: sigmas[step], x: joined(Array.from({ length: runs }, (_, k) => reached.get(k) ?? state)) })
  }
}

/** One sample of a problem: what runs by itself never depends on its batch. */
export function oneSample(
  { x, condition }: Pick<SolveOptions, 'x' | 'condition'>,
  size: number,
  k: number
): Pick<SolveOptions, 'x' | 'condition'> {
  const labels = condition?.labels?.subarray(k, k + 1)
  const prompts = condition?.prompts?.slice(k, k + 1)
  return { x: x.subarray(k * size, (k + 1) * size), condition: condition && { labels, prompts } }
}

function joined(parts: readonly Float64Array[]): Float64Array {
  if (parts.length === 1) return parts[0]
  const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0))
  parts.forEach((part, k) => {
    all.set(part, k * part.length)
  })
  return all
}
