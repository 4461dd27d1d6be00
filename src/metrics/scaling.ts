/** Numbers with the power of four that was taken out of them. */
export interface Scaled {
  readonly data: Float64Array<ArrayBuffer>
  /** The root of it is a power of two. */
  readonly scale: number
}

/**
 * Finite numbers whose largest is brought to between 1 and 4, so that no product of two of them overflows. Powers of
 * four leave every digit as it is, but of what vanishes beside the largest.
 */
export function normalised(values: Float64Array): Scaled {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  if (largest === 0) return { data: values.slice(), scale: 1 }
  const scale = 2 ** (2 * Math.max(Math.floor(Math.log2(largest) / 2), LEAST))
  return { data: values.map(value => value / scale), scale }
}

/** The exponent of the smallest power of four that has all its digits. */
const LEAST = -511
