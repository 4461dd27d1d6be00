import type { Condition, Denoiser } from '../models/denoiser.js'
import { power } from '../power.js'
import type { Effort } from './effort.js'
import type { Trajectories } from './trajectories.js'
import { pick } from './trajectories.js'

export interface DifferenceStep {
  /** In log sigma. */
  readonly difference: number
  readonly evaluations: number
}

/** Spacing in log sigma at which a smooth function's sixth differences vanish and rounding does not. */
const FINE = 1e-6
const ORDER = 6
/** Spacing for the second derivative. */
const COARSE = 0.05
/** Samples looked at, at each time point. */
const SAMPLES = 2

/**
 * The step of forward differences, from the model's own noise (rounding in float32 or lower): noise by the differences
 * of high order of D(x; sigma) along log sigma (ECNoise), curvature by its second difference, and from these the step
 * that balances both (Moré & Wild 2012, "Estimating derivatives of noisy simulations").
 */
export async function differenceStep(
  model: Denoiser,
  sigmas: Float64Array,
  trajectories: Trajectories
): Promise<DifferenceStep> {
  const few = pick(trajectories, [...trajectories.seeds.keys()].slice(0, SAMPLES))
  const offsets = [...Array.from({ length: ORDER + 1 }, (_, k) => k * FINE), -COARSE, COARSE]
  let [noise, curvature, evaluations] = [0, 0, 0]
  for (let i = 0; i + 1 < sigmas.length; i++) {
    const values: Float64Array[] = []
    for (const offset of offsets)
      values.push(await evaluate(model, few.states[i], sigmas[i] * Math.exp(offset), few.condition))
    evaluations += offsets.length * few.seeds.length * model.nfeFactor
    noise += meanSquare(nthDifference(values.slice(0, ORDER + 1))) / binomialSquares(ORDER)
    const [middle, below, above] = [values[0], values[ORDER + 1], values[ORDER + 2]]
    curvature += meanSquare(nthDifference([below, middle, above])) / power(COARSE, 4)
  }
  const step = power(8, 0.25) * power(noise / Math.max(curvature, Number.MIN_VALUE), 0.25)
  return { difference: Math.min(Math.max(step, 1e-8), 1e-2), evaluations }
}

/**
 * A state with its step of differences, which is measured if there is none yet. Its evaluations are counted in.
 * `least`: the smallest step that is taken.
 */
export async function withDifference<State extends { difference: number | null; evaluations: number }>(
  state: State,
  { model, sigmas }: { readonly model: Denoiser; readonly sigmas: Float64Array },
  training: Trajectories,
  least = 0
): Promise<State & { readonly difference: number }> {
  if (state.difference !== null) return { ...state, difference: state.difference }
  const { difference, evaluations } = await differenceStep(model, sigmas, training)
  return { ...state, difference: Math.max(difference, least), evaluations: state.evaluations + evaluations }
}

/** Evaluations of `differenceStep`. */
export function differenceStepCost({ steps, training }: Effort): number {
  return (ORDER + 3) * Math.min(SAMPLES, training) * steps
}

function evaluate(model: Denoiser, x: Float64Array, sigma: number, condition?: Condition): Promise<Float64Array> {
  const [channels, height, width] = model.shape
  const samples = x.length / (channels * height * width)
  return model.denoise(x, new Float64Array(samples).fill(sigma), condition)
}

function nthDifference(values: readonly Float64Array[]): Float64Array {
  let row = [...values]
  while (row.length > 1) row = row.slice(1).map((value, k) => value.map((entry, j) => entry - row[k][j]))
  return row[0]
}

/** Sum of the squared binomial coefficients: how many times its variance independent noise has in an nth difference. */
function binomialSquares(n: number): number {
  let product = 1
  for (let k = 1; k <= n; k++) product *= (n + k) / k
  return product
}

function meanSquare(values: Float64Array): number {
  let sum = 0
  for (const value of values) sum += value * value
  return sum / values.length
}
