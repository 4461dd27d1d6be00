import type { Options, OptionSchema } from './descriptor.js'
import type { Evaluation, Problem, SolverRun } from './solver.js'

/** The option of solvers that step in either coordinates. Results from before there was the option were in sigma. */
export const COORDINATES = {
  description:
    'What the solver steps in: sigma, the images x0 + sigma n, or flow, those of flow matching, (1 - t) x0 + t n with t = sigma / (1 + sigma), in which a flow may begin at t = 1, where sigma is infinite.',
  enum: ['sigma', 'flow'],
  implied: 'sigma'
} as const satisfies OptionSchema

/** Whether a solver steps in the coordinates of flow matching. */
export function isInFlow({ coordinates }: Options): boolean {
  return coordinates === 'flow'
}

/** The time t of a noise level in flow matching, sigma / (1 + sigma); 1 at infinite noise. */
export function flowTime(sigma: number): number {
  return sigma === Infinity ? 1 : sigma / (1 + sigma)
}

/** The noise level at a time of flow matching, t / (1 - t); Infinity at 1. */
export function flowSigma(time: number): number {
  return time === 1 ? Infinity : time / (1 - time)
}

/**
 * Runs a solver in the coordinates of flow matching. The ODE is the same there, du/dt = (u - D) / t, so that the solver
 * is given times in place of noise levels and images u = (1 - t) x0 + t n in place of x = u / (1 - t). At t = 1 the
 * image is u itself, which is the unit noise.
 */
export function* inFlow(problem: Problem, start: (problem: Problem) => SolverRun): SolverRun {
  const times = problem.sigmas.map(flowTime)
  const run = start({ ...problem, x: scaled(problem.x, toFlow(times[0])), sigmas: times })
  let reached = 0
  let step = run.next([])
  while (!step.done) {
    const { value } = step
    if ('reached' in value) {
      yield { reached: scaled(value.reached, fromFlow(times[reached])) }
      reached++
      step = run.next([])
    } else step = run.next(yield value.map(asked))
  }
  return scaled(step.value, fromFlow(times[times.length - 1]))
}

/** An evaluation at u and t as one at x and sigma. */
function asked({ x, sigma: time, features }: Evaluation): Evaluation {
  if (typeof time !== 'number') throw new RangeError('coordinates flow: each sample has a time of its own')
  if (time > 1)
    throw new RangeError(
      `coordinates flow: the model would be told t = ${time}, beyond 1; lower scaleTime, or begin below 1`
    )
  return { x: scaled(x, fromFlow(time)), sigma: flowSigma(time), ...(features && { features }) }
}

/** What an image x is multiplied by to be u. */
function toFlow(time: number): number {
  return time === 1 ? 1 : 1 - time
}

function fromFlow(time: number): number {
  return 1 / toFlow(time)
}

function scaled(x: Float64Array, factor: number): Float64Array {
  return x.map(value => value * factor)
}
