import { needed, oncePer, type Measured, type MetricContext, type SampleSet } from './metric.js'

/**
 * Measures each sample against the reference's sample of its seed. Samples whose seeds the reference does not have are
 * left out.
 */
export async function meanOfPairs(
  { samples, stage }: MetricContext,
  measure: (sample: Float64Array, truth: Float64Array) => number
): Promise<Omit<Measured, 'value'> & { readonly mean: number }> {
  const reference = needed(stage.reference, 'reference')
  const truths = await samplesBySeed(reference)
  const seeds: number[] = []
  let sum = 0
  for await (const shard of samples.values())
    shard.seeds.forEach((seed, i) => {
      const truth = truths.get(seed)
      if (!truth) return
      sum += measure(shard.values.subarray(i * shard.size, (i + 1) * shard.size), truth)
      seeds.push(seed)
    })
  const count = seeds.length
  return { mean: sum / count, count, seeds, details: { against: reference.name } }
}

/** The samples of a set by their seeds, read once for each set. */
export const samplesBySeed = oncePer(async (set: SampleSet) => {
  const found = new Map<number, Float64Array>()
  for await (const { seeds, values, size } of set.values())
    seeds.forEach((seed, i) => found.set(seed, values.subarray(i * size, (i + 1) * size)))
  return found
})
