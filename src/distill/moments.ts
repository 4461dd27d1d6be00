import { power } from '../power.js'

/** Adam's running means of the gradient and of its square, after so many updates. */
export interface Moments {
  readonly updates: number
  readonly mean: readonly number[]
  readonly square: readonly number[]
}

const EPSILON = 1e-8

export function noMoments(count: number): Moments {
  const zeros = Array.from({ length: count }, () => 0)
  return { updates: 0, mean: zeros, square: zeros }
}

/** One update of Adam (Kingma & Ba 2015, Algorithm 1). A gradient that is not finite counts as 0. */
export function adamStep(
  values: readonly number[],
  gradient: readonly number[],
  moments: Moments,
  rate: number,
  [one, two]: readonly [number, number]
): { values: number[]; moments: Moments } {
  const updates = moments.updates + 1
  const clean = gradient.map(value => (Number.isFinite(value) ? value : 0))
  const mean = moments.mean.map((value, i) => one * value + (1 - one) * clean[i])
  const square = moments.square.map((value, i) => two * value + (1 - two) * clean[i] ** 2)
  const [first, second] = [1 - power(one, updates), 1 - power(two, updates)]
  const moved = values.map((value, i) => value - (rate * (mean[i] / first)) / (Math.sqrt(square[i] / second) + EPSILON))
  return { values: moved, moments: { updates, mean, square } }
}
