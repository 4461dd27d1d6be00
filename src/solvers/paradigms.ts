import type { OptionsOf, OptionSchemas, SolverDescriptor } from './descriptor.js'
import { add, toD, type Part } from './march.js'
import type { Problem, SolverRun } from './solver.js'

const OPTIONS = {
  window: {
    description: 'States that are improved at once.',
    type: 'integer',
    minimum: 1,
    maximum: 10_000,
    default: 16
  },
  tolerance: {
    description:
      'A state has settled once its root mean square change is no more, in units of data and noise; 0: once it does not change.',
    type: 'number',
    minimum: 0,
    default: 0.05
  }
} as const satisfies OptionSchemas

/** The options of ParaDiGMS. */
export type ParadigmsOptions = OptionsOf<typeof OPTIONS>

/** What ParaDiGMS is given beside its options. */
export type ParadigmsBounds = {
  /** The most window evaluations; what has not settled by then is taken as it stands. Default: no bound. */
  readonly nfe?: number
}

/**
 * ParaDiGMS (Shih et al. 2023, arXiv 2305.16317, Algorithm 1) on Euler's method: Picard iteration over a sliding window
 * of states. All gradients of the window are evaluated at once, one NFE, and summed up from its first state, which is
 * final; the window then moves on past what has stopped changing. A state that the window comes to is first taken as
 * the last before it, scaled to as much noise: what is a copy of it in the authors' variance-preserving terms. Order 1:
 * with tolerance 0 it ends where Euler's method does. A problem holds one sample, so that no sample waits for another.
 */
export const paradigms: SolverDescriptor<'paradigms', ParadigmsOptions, 'nothing', ParadigmsBounds> = {
  name: 'paradigms',
  title: "ParaDiGMS: Picard iteration on Euler's method, a window of states at once, which counts as one evaluation.",
  options: OPTIONS,
  order: 1,
  evaluationsAStep: 1,
  reachesZero: true,
  learns: 'nothing',
  oneByOne: true,
  nonlinear: () => 'how often it evaluates the model depends on the answers',
  stopsItself: {
    nfe: 'The most window evaluations of one sample; what has not settled by then is taken as it stands.',
    numSteps: 'Time points of the Euler steps that are iterated, both ends included.'
  },
  evaluations: ({ window }, { nfe, numSteps }) => nfe * Math.min(window, numSteps - 1),
  start
}

function* start(
  { x, samples, sigmas }: Problem,
  { window, tolerance, nfe = Infinity }: ParadigmsOptions & ParadigmsBounds
): SolverRun {
  if (samples !== 1) throw new RangeError('paradigms: one sample a run')
  const last = sigmas.length - 1
  const states = [x]
  const stateAt = (i: number) => states[i] ?? scaled(states, sigmas, i)
  for (let [begin, used] = [0, 0]; begin < last && used < nfe; used++) {
    const end = Math.min(begin + window, last)
    const improved = yield* sweep(stateAt, sigmas, begin, end)
    const settled = improved.findIndex(
      (state, k) => change(state, stateAt(begin + 1 + k), sigmas[begin + 1 + k]) > tolerance
    )
    improved.forEach((state, k) => (states[begin + 1 + k] = state))
    begin = settled < 0 ? end : begin + settled + 1
  }
  for (let i = 0; i <= last; i++) yield { reached: stateAt(i) }
  return stateAt(last)
}

/** The states after `begin` up to `end`, by the gradients at the states so far. */
function* sweep(
  stateAt: (i: number) => Float64Array,
  sigmas: Float64Array,
  begin: number,
  end: number
): Part<Float64Array[]> {
  const places = Array.from({ length: end - begin }, (_, k) => begin + k)
  const evaluated = yield places.map(i => ({ x: stateAt(i), sigma: sigmas[i] }))
  let x = stateAt(begin)
  return places.map(
    (i, k) => (x = add(x, sigmas[i + 1] - sigmas[i], toD(stateAt(i), evaluated[k].denoised, sigmas[i])))
  )
}

/** The last known state as it would be at a later time point, if it were noise and data of unit variance. */
function scaled(states: readonly Float64Array[], sigmas: Float64Array, i: number): Float64Array {
  const last = states.length - 1
  const factor = Math.sqrt((1 + sigmas[i] ** 2) / (1 + sigmas[last] ** 2))
  return states[last].map(value => factor * value)
}

/** Root mean square, in units of the standard deviation that data of unit variance have with this noise. */
function change(a: Float64Array, b: Float64Array, sigma: number): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2
  return Math.sqrt(sum / a.length / (1 + sigma * sigma))
}
