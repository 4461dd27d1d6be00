import type { Coordinates } from './block.js'

/** How far a time point's step may shrink or grow in log sigma, and the most that this changes at once. */
const GAP = 6
const REACH_GAP = 0.5

/**
 * The coordinates of time points between fixed ends: the logarithms of the steps' sizes in log sigma, whose common
 * shift has no effect. Whatever they are, the time points fall.
 */
export function gapCoordinates(sigmas: readonly number[]): Coordinates {
  const logs = gaps(sigmas).map(Math.log)
  const mean = logs.reduce((sum, value) => sum + value, 0) / logs.length
  return {
    values: logs.map(value => value - mean),
    lower: logs.map(() => -GAP),
    upper: logs.map(() => GAP),
    reach: logs.map(() => REACH_GAP)
  }
}

export function withGaps(sigmas: readonly number[], values: readonly number[]): readonly number[] {
  if (gapCoordinates(sigmas).values.every((value, i) => value === values[i])) return sigmas
  const shares = gapShares(values)
  const range = Math.log(sigmas[0] / sigmas[sigmas.length - 1])
  let log = Math.log(sigmas[0])
  return sigmas.map((sigma, i) => {
    if (i === 0 || i === sigmas.length - 1) return sigma
    log -= range * shares[i - 1]
    return Math.exp(log)
  })
}

/** d log(time point) / d coordinate: of an interior time point, in each of the gaps' coordinates. */
export function gapSlopes(sigmas: readonly number[], index: number): number[] {
  const range = Math.log(sigmas[0] / sigmas[sigmas.length - 1])
  const before = Math.log(sigmas[0] / sigmas[index]) / range
  return gaps(sigmas).map((gap, j) => gap * (before - (j < index ? 1 : 0)))
}

/** The steps' sizes in log sigma. */
function gaps(sigmas: readonly number[]): number[] {
  return sigmas.slice(1).map((sigma, i) => Math.log(sigmas[i] / sigma))
}

function gapShares(values: readonly number[]): number[] {
  const sizes = values.map(Math.exp)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  return sizes.map(size => size / total)
}
