import { power } from '../power.js'
import type { Evaluated, Evaluation, Problem, SolverRun } from './solver.js'

/**
 * Part of a solver: it yields evaluations as a SolverRun does, but no states, and returns an array of the state's size.
 */
export type Part<T = Float64Array> = Generator<readonly Evaluation[], T, readonly Evaluated[]>

/** One step of a solver: from x at time t = sigmas[index] to the state at `next` = sigmas[index + 1]. */
export type Step = (x: Float64Array, t: number, next: number, index: number) => Part

/** Takes a step between each two time points, reporting every state. */
export function* march({ x, sigmas }: Problem, step: Step): SolverRun {
  yield { reached: x }
  for (let i = 0; i + 1 < sigmas.length; i++) {
    x = yield* step(x, sigmas[i], sigmas[i + 1], i)
    yield { reached: x }
  }
  return x
}

/** The last step to a noise level of 0, which is the denoised data at x: one NFE, none with afs in the first step. */
export function* toZero(x: Float64Array, t: number, index: number, afs: boolean): Part {
  if (afs && index === 0) return toDenoised(x, analyticalGradient(x, t), t)
  const [{ denoised }] = yield [{ x, sigma: t }]
  return denoised
}

/** The gradient dx/dsigma = (x - D(x; t)) / t of the probability flow ODE (Karras et al. 2022, Eq. 3): one NFE. */
export function* gradient(x: Float64Array, t: number): Part {
  const [{ denoised }] = yield [{ x, sigma: t }]
  return toD(x, denoised, t)
}

/** The gradient at a step's start; with afs the first is the analytical one. */
export function* firstGradient(x: Float64Array, t: number, index: number, afs: boolean): Part {
  return afs && index === 0 ? analyticalGradient(x, t) : yield* gradient(x, t)
}

/**
 * x / sqrt(1 + t^2), the gradient for data of unit variance, without an evaluation (Dockhorn et al. 2022, arXiv
 * 2210.05475).
 */
export function analyticalGradient(x: Float64Array, t: number): Float64Array {
  const scale = Math.sqrt(1 + t * t)
  return x.map(value => value / scale)
}

/** (x - denoised) / t */
export function toD(x: Float64Array, denoised: Float64Array, t: number): Float64Array {
  const d = new Float64Array(x.length)
  for (let i = 0; i < d.length; i++) d[i] = (x[i] - denoised[i]) / t
  return d
}

/** The denoised data that the gradient d at x and t stands for: x - t d. */
export function toDenoised(x: Float64Array, d: Float64Array, t: number): Float64Array {
  return add(x, -t, d)
}

/** x + h d */
export function add(x: Float64Array, h: number, d: Float64Array): Float64Array {
  const sum = new Float64Array(x.length)
  for (let i = 0; i < sum.length; i++) sum[i] = x[i] + h * d[i]
  return sum
}

/** The sum of weights[k] vectors[k], added up in order. */
export function combine(weights: readonly number[], vectors: readonly Float64Array[]): Float64Array {
  const sum = new Float64Array(vectors[0].length)
  vectors.forEach((vector, k) => {
    const weight = weights[k]
    for (let i = 0; i < sum.length; i++) sum[i] += weight * vector[i]
  })
  return sum
}

/** The sum of the products of two vectors, added up in order. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}

/** The time a fraction r of the way from t to next in log sigma: next^r t^(1 - r). */
export function logInterpolate(t: number, next: number, r: number): number {
  return power(next, r) * power(t, 1 - r)
}
