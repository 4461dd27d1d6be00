import { meanSquare } from './mean-square.js'
import type { MetricDescriptor } from './metric.js'
import { meanOfPairs } from './pairs.js'

/** The distance of the extremes of images in [-1, 1]. */
const PEAK = 2

/**
 * Peak signal-to-noise ratio of images in [-1, 1], in decibels: 10 log10(4 / mean squared difference), both clipped to
 * that range as they are when shown. Infinity for equal images. @throws RangeError if the two differ in size or are
 * empty
 */
export function psnr(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return 10 * Math.log10(PEAK ** 2 / meanSquare(a, b, value => Math.min(Math.max(value, -1), 1)))
}

export const psnrMetric: MetricDescriptor = {
  name: 'psnr',
  title: "peak signal-to-noise ratio against the reference's images of the same seeds, in decibels",
  moreIsBetter: true,
  digits: { decimals: 2 },
  needs: { keys: ['reference'], pairs: true },
  infiniteForEqual: true,
  pair: psnr,
  async score(context) {
    const { mean, ...rest } = await meanOfPairs(context, psnr)
    return { value: mean, ...rest }
  }
}
