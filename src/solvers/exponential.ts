import { toDenoised } from './march.js'
import { thresholded } from './threshold.js'

/**
 * What an exponential integrator holds constant or interpolates: the denoised data, or the noise, which is the
 * gradient.
 */
export type Prediction = 'data' | 'noise'

/** A prediction m, and the time that it was made at. */
export interface Made {
  readonly t: number
  readonly m: Float64Array
}

/**
 * The probability flow ODE as an exponential integrator sees it, in lambda = -log sigma: from t to `next`, x is scaled
 * by `keep`, and `scale` times integrals over the step of what is predicted is taken off. `h`: the step in lambda,
 * negative for data.
 */
export interface ExponentialStep {
  readonly keep: number
  readonly scale: number
  readonly h: number
}

export function exponentialStep(predicts: Prediction, t: number, next: number): ExponentialStep {
  const h = Math.log(t / next)
  return predicts === 'data' ? { keep: next / t, scale: 1, h: -h } : { keep: 1, scale: next, h }
}

/**
 * h phi_1(h), h phi_2(h), ... where phi_k is the kth function of exponential integrators: expm1(h), then f / h - 1 /
 * k!.
 */
export function phis(h: number, count: number): number[] {
  const all = [Math.expm1(h)]
  for (let k = 1, factorial = 1; k < count; k++, factorial *= k) all.push(all[k - 1] / h - 1 / factorial)
  return all
}

/** What is predicted at x, whose gradient is d; data are clipped by dynamic thresholding if that is asked for. */
export function predicted(
  predicts: Prediction,
  thresholding: boolean,
  samples: number,
  x: Float64Array,
  d: Float64Array,
  t: number
): Float64Array {
  if (predicts === 'noise') return d
  const denoised = toDenoised(x, d, t)
  return thresholding ? thresholded(denoised, samples) : denoised
}

/** A step of order 1 from x by a prediction m to a noise level of 0, which is the denoised data. */
export function zeroStep(predicts: Prediction, x: Float64Array, m: Float64Array, t: number): Float64Array {
  return predicts === 'data' ? m : toDenoised(x, m, t)
}
