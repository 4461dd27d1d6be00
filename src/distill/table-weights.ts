/** What each trajectory counts in a fit, by its seed; 1 on average. */
export type Weights = ReadonlyMap<number, number>

/** A trajectory counts half of one without any loss where its loss is so many times the median. */
const HALF = 4

/**
 * What trajectories count, by their losses: in proportion to 1 / (1 + loss / (4 median)). A fit whose weights are taken
 * anew for each iteration lowers the sum of log(1 + loss / (4 median)), which is Cauchy's loss by iteratively
 * reweighted least squares (Holland & Welsch 1977). The few trajectories that lie between two images are far off, and
 * answer to a change of the table with a multiple of what others do: by squares alone they would decide the fit.
 */
export function weightsOf(seeds: readonly number[], losses: readonly number[]): Weights {
  const middle = [...losses].sort((a, b) => a - b)[Math.floor(losses.length / 2)]
  // A median of 0 tells no exception from the rest: most trajectories are met exactly.
  const counts = losses.map(loss => (middle > 0 ? 1 / (1 + loss / (HALF * middle)) : 1))
  const whole = counts.reduce((sum, count) => sum + count, 0) / counts.length
  return new Map(seeds.map((seed, k) => [seed, counts[k] / whole]))
}

/** The mean of losses, each of which counts as its trajectory does; without weights the plain mean. */
export function weightedMean(seeds: readonly number[], losses: readonly number[], weights?: Weights): number {
  return losses.reduce((sum, loss, k) => sum + weightOf(weights, seeds[k]) * loss, 0) / losses.length
}

/**
 * The values of some trajectories, which follow each other and are as many for each, times the root of what their
 * trajectory counts. Their squares then count as it does.
 */
export function weighted(seeds: readonly number[], values: Float64Array, weights?: Weights): Float64Array {
  if (!weights) return values
  const size = values.length / seeds.length
  const roots = seeds.map(seed => Math.sqrt(weightOf(weights, seed)))
  return values.map((value, i) => roots[Math.floor(i / size)] * value)
}

function weightOf(weights: Weights | undefined, seed: number): number {
  return weights?.get(seed) ?? 1
}
