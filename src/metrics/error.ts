/** Root mean square of the differences. @throws RangeError if the two differ in size or are empty */
export function rmse(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.sqrt(meanSquare(a, b, value => value))
}

/** Peak to peak of images in [-1, 1]. */
const PEAK = 2

/**
 * Peak signal-to-noise ratio of images in [-1, 1], in decibels: 10 log10(4 / mean squared difference), both clipped to
 * that range as they are when shown. Infinity for equal images. @throws RangeError if the two differ in size or are empty
 */
export function psnr(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return 10 * Math.log10(PEAK ** 2 / meanSquare(a, b, value => Math.min(Math.max(value, -1), 1)))
}

function meanSquare(a: ArrayLike<number>, b: ArrayLike<number>, shown: (value: number) => number): number {
  if (a.length !== b.length || a.length === 0) throw new RangeError(`arrays of ${a.length} and ${b.length} numbers`)
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (shown(a[i]) - shown(b[i])) ** 2
  return sum / a.length
}
