import { meanSquare } from './mean-square.js'
import type { MetricDescriptor } from './metric.js'
import { meanOfPairs } from './pairs.js'

/**
 * The root of the mean squared difference of two arrays of numbers, in their own unit; 0 for equal ones.
 * @throws RangeError if the two differ in size or are empty
 */
export function rmse(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.sqrt(meanSquare(a, b, value => value))
}

export const rmseMetric: MetricDescriptor = {
  name: 'rmse',
  title: "root mean squared difference from the reference's samples of the same seeds",
  moreIsBetter: false,
  digits: { significant: 4 },
  needs: { keys: ['reference'], pairs: true },
  pair: rmse,
  async score(context) {
    const { mean, ...rest } = await meanOfPairs(context, (sample, truth) => rmse(sample, truth) ** 2)
    return { value: Math.sqrt(mean), ...rest }
  }
}
