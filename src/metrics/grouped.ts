import type { ImageRange } from './metric.js'

export interface GroupedDistance {
  /** The distance of all images, or the mean of the distances of the groups. */
  readonly value: number
  readonly groups?: { readonly values: readonly number[]; readonly minimum: number; readonly spread: number }
  /**
   * By how much the value is too large for resting on so few images: the distance of estimated moments has a bias that
   * falls with their number (Chong & Forsyth 2020, arXiv 1911.07023), so that halves differ from the whole by as much
   * again.
   */
  readonly bias?: number
}

/** The fewest images of which each half has a covariance. */
const LEAST = 4
/** From so many images on, the bias is not worth an estimate. */
const ENOUGH = 10_000

/**
 * The Frechet distance of `count` images in so many groups of consecutive ones; `measure` finds that of a
 * range of them.
 */
export async function frechetOfGroups(
  count: number,
  groups: number,
  measure: (range: ImageRange) => Promise<number>
): Promise<GroupedDistance> {
  const ranges = split({ from: 0, to: count }, groups)
  const values = await inTurn(ranges, measure)
  const value = mean(values)
  const [{ from, to }] = ranges
  const few = to - from >= LEAST && to - from < ENOUGH
  const bias = few ? mean(await inTurn(split(ranges[0], 2), measure)) - values[0] : undefined
  if (groups === 1) return { value, bias }
  const minimum = Math.min(...values)
  return { value, groups: { values, minimum, spread: Math.max(...values) - minimum }, bias }
}

/** Divides a range into parts that are as nearly equal as whole numbers go. */
function split({ from, to }: ImageRange, parts: number): ImageRange[] {
  const edge = (part: number) => from + Math.floor(((to - from) * part) / parts)
  return Array.from({ length: parts }, (_, part) => ({ from: edge(part), to: edge(part + 1) }))
}

async function inTurn(
  ranges: readonly ImageRange[],
  measure: (range: ImageRange) => Promise<number>
): Promise<number[]> {
  const values: number[] = []
  for (const range of ranges) values.push(await measure(range))
  return values
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
