import type { MetricDescriptor } from '../metrics/metric.js'
import { meanWithError, perSeedReader, seedDifferences } from '../pipeline/paired-differences.js'
import type { ReportData } from './data.js'
import { printed, type Entry } from './standings.js'

/** How two samplers compare on images of the same seeds. */
export interface Paired {
  readonly count: number
  /** The number of seeds for which the first one's value is the better. */
  readonly better: number
  /** The mean of the differences by which the first one is better; negative where it is worse. */
  readonly mean: number
  /** The standard error of that mean. */
  readonly error: number
}

/** More seeds than these tell nothing more that anyone would see. */
const MOST_SEEDS = 256

/**
 * What compares two samplers seed by seed, by a metric that measures each image against the reference's of its seed.
 * It answers undefined where the metric measures whole sets, or the two have fewer than two seeds in common.
 */
export function pairing({ store }: ReportData) {
  const read = perSeedReader(store, new AbortController().signal, MOST_SEEDS)
  return async (metric: MetricDescriptor, first: Entry, second: Entry): Promise<Paired | undefined> => {
    const { pair, name, moreIsBetter } = metric
    if (!pair) return undefined
    const [one, other] = await Promise.all(
      [first, second].map(({ run, results }) => read(run.run.id, results[0], name, pair))
    )
    const differences = moreIsBetter ? seedDifferences(other, one) : seedDifferences(one, other)
    if (differences.length < 2) return undefined
    const { mean, standardError } = meanWithError(differences)
    const better = differences.filter(value => value > 0).length
    return { count: differences.length, mean, better, error: standardError }
  }
}

/** On how many seeds one is better than the other, and by how much on average. */
export function onSeeds({ better, count, mean, error }: Paired, metric: MetricDescriptor): string {
  const by = `${printed(Math.abs(mean), metric)} ± ${error.toPrecision(2)}`
  if (mean >= 0) return `${better} of ${count}, by ${by} on average (standard error)`
  return `${better} of ${count}, and on average worse by ${by} (standard error), so that few seeds make its score the better one`
}
