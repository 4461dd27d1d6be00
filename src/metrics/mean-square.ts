/**
 * The mean squared difference of two images, each value as `shown` gives it.
 * @throws RangeError if they differ in size or are empty
 */
export function meanSquare(a: ArrayLike<number>, b: ArrayLike<number>, shown: (value: number) => number): number {
  if (a.length !== b.length || a.length === 0) throw new RangeError(`arrays of ${a.length} and ${b.length} numbers`)
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (shown(a[i]) - shown(b[i])) ** 2
  return sum / a.length
}
