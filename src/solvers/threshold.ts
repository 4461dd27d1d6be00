const SHARE = 0.995

/**
 * Dynamic thresholding (Saharia et al. 2022, arXiv 2205.11487, Section 2.3): each sample is clipped to the 0.995
 * quantile s of its magnitudes, s at least 1, and divided by s.
 */
export function thresholded(denoised: Float64Array, samples: number): Float64Array {
  const size = denoised.length / samples
  const result = new Float64Array(denoised.length)
  for (let from = 0; from < denoised.length; from += size) {
    const limit = Math.max(quantile(denoised.subarray(from, from + size).map(Math.abs), SHARE), 1)
    for (let i = from; i < from + size; i++) result[i] = Math.min(Math.max(denoised[i], -limit), limit) / limit
  }
  return result
}

/** Between the two values nearest to it by linear interpolation. Sorts the values. */
function quantile(values: Float64Array, share: number): number {
  values.sort()
  const place = share * (values.length - 1)
  const below = Math.floor(place)
  const above = Math.min(below + 1, values.length - 1)
  return values[below] + (place - below) * (values[above] - values[below])
}
