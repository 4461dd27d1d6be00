import type { MetricDescriptor } from '../../src/metrics/metric.js'
import { meanOfPairs } from '../../src/metrics/pairs.js'

/** A metric as a contributor adds one: this file alone says all that there is to know of it. */
export const meanAbsMetric: MetricDescriptor = {
  name: 'mean-abs',
  title: "mean absolute difference from the reference's samples of the same seeds",
  moreIsBetter: false,
  digits: { decimals: 3 },
  needs: { keys: ['reference'], pairs: true, images: 3 },
  check: ({ stage }) =>
    stage === 'refused' ? Promise.reject(new Error('found before the first stage')) : Promise.resolve(),
  async score(context) {
    const { mean, ...rest } = await meanOfPairs(context, meanAbs)
    return { value: mean, ...rest }
  }
}

function meanAbs(sample: Float64Array, truth: Float64Array): number {
  return sample.reduce((sum, value, i) => sum + Math.abs(value - truth[i]), 0) / sample.length
}
