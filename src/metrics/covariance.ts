import type { Matrices } from '../engines/onnx/matrices.js'
import { isPositiveDefinite } from './root.js'
import type { Moments } from './statistics.js'

/**
 * The part of a typical variance that is taken for rounding, whoever computed it: single precision's, with room for its
 * sums.
 */
const ROUNDING = 1e-6
/** The two halves of a covariance come of sums in different orders, so that their rounding is a little larger. */
const ASYMMETRY = 10 * ROUNDING

export const NEGATIVE =
  'the covariance is not positive semi-definite: along some direction the variance would be negative, beyond rounding'

/**
 * Says what keeps moments from being the mean and covariance of anything, within rounding: each entry is looked at by
 * itself. Undefined where nothing does.
 */
export function faultOfMoments({ mean, covariance }: Moments): string | undefined {
  const n = mean.length
  if (n === 0 || covariance.length !== n * n)
    return `a mean of ${n} dimensions and a covariance of ${covariance.length} entries do not go together`
  const stray = mean.findIndex(value => !Number.isFinite(value))
  if (stray >= 0) return `entry ${stray} of the mean is ${mean[stray]}`
  const odd = covariance.findIndex(value => !Number.isFinite(value))
  if (odd >= 0) return `entry ${place(odd, n)} of the covariance is ${covariance[odd]}`
  const tolerance = toleranceOf(covariance, n)
  return faultOfVariances(covariance, n, tolerance) ?? faultOfPairs(covariance, n, tolerance)
}

function faultOfVariances(covariance: Float64Array, n: number, { part, weights }: Tolerance): string | undefined {
  for (let i = 0; i < n; i++) {
    const variance = covariance[i * n + i]
    if (variance < 0 && Math.sqrt(-variance) > Math.sqrt(part) * weights[i])
      return `the variance of dimension ${i} is ${variance}, which is negative`
  }
  return undefined
}

/** Looks for entries that differ from their mirror images, and for those that no two variances allow. */
function faultOfPairs(covariance: Float64Array, n: number, tolerance: Tolerance): string | undefined {
  const { weights, part } = tolerance
  const own = weights.map((weight, i) => covariance[i * n + i] / weight / weight + part)
  for (let i = 0; i < n; i++)
    for (let j = 0; j < i; j++) {
      const [below, above] = [covariance[i * n + j], covariance[j * n + i]]
      const scaled = below / weights[i] / weights[j]
      if (Math.abs(scaled - above / weights[i] / weights[j]) > Math.max(ASYMMETRY, part))
        return `the covariance of dimensions ${i} and ${j} is ${below} in one half of the matrix and ${above} in the other`
      if (scaled * scaled > Math.max(own[i], 0) * Math.max(own[j], 0))
        return `the covariance of dimensions ${i} and ${j} is ${below}, more than their variances ${covariance[i * n + i]} and ${covariance[j * n + j]} allow`
    }
  return undefined
}

/** Whether a covariance whose entries are sound one by one is positive semi-definite, within rounding. */
export async function isSemidefinite(covariance: Float64Array, n: number, matrices: Matrices): Promise<boolean> {
  const { part, weights } = toleranceOf(covariance, n)
  const scaled = new Float64Array(n * n)
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      scaled[i * n + j] = covariance[i * n + j] / weights[i] / weights[j] + (i === j ? part : 0)
  return isPositiveDefinite(scaled, n, matrices)
}

/** How far rounding may take a covariance from a positive semi-definite one. */
export interface Tolerance {
  /** Added to the diagonal of covariance[i, j] / (weights[i] weights[j]), it makes up for rounding. */
  readonly part: number
  /**
   * What each dimension is judged by: the root of its variance and a typical one's together, so that a dimension that
   * hardly varies is judged as the others are.
   */
  readonly weights: Float64Array
}

export function toleranceOf(covariance: Float64Array, n: number): Tolerance {
  const variances = Array.from({ length: n }, (_, i) => Math.max(covariance[i * n + i], 0))
  const positive = variances.filter(value => value > 0).sort((a, b) => a - b)
  const typical = positive.length === 0 ? 1 : positive[positive.length >> 1]
  const weights = Float64Array.from(variances, value => Math.hypot(Math.sqrt(value), Math.sqrt(typical)))
  let squares = 0
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) squares += Math.min((covariance[i * n + j] / weights[i] / weights[j]) ** 2, 1)
  const norm = Math.sqrt(squares)
  return { part: Math.max(ROUNDING, (8 * storedRounding(covariance)) / Math.sqrt(n)) * norm, weights }
}

/** The relative rounding of the type in which all of the values were stored before they were widened. */
function storedRounding(values: Float64Array): number {
  if (!values.every(value => Math.fround(value) === value)) return 2 ** -53
  const bits = new Uint32Array(Float32Array.from(values).buffer)
  // Single precision has 23 bits of fraction and half precision 10.
  return bits.every(each => (each & 0x1fff) === 0) ? 2 ** -11 : 2 ** -24
}

function place(entry: number, n: number): string {
  return `(${Math.floor(entry / n)}, ${entry % n})`
}
