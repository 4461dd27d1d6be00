import { featureStatistics, networkOf } from './feature-sets.js'
import { needed, oncePer, type MetricDescriptor, type ImageRange, type ScoreContext } from './metric.js'
import type { Moments } from './statistics.js'

export const fidMetric: MetricDescriptor = {
  name: 'fid',
  title: "Frechet distance between the distributions of Inception's features",
  moreIsBetter: false,
  digits: { decimals: 2 },
  needs: { keys: ['features'], oneOf: ['statistics', 'reference'], images: 2 },
  options: ['groups'],
  async check({ options: { statistics }, assetPath, signal, once }) {
    if (statistics === undefined) return
    await once(JSON.stringify(['statistics', statistics]), async () => {
      const [{ readStatistics }, dimensions] = await reading()
      await readStatistics(assetPath(statistics), { dimensions, signal })
    })
  },
  async score({ samples, stage }) {
    const { frechetDistance } = await import('./frechet.js')
    const truth = await truthOf(stage)
    const { seeds } = samples
    const { value, ...how } = await fidOf(seeds.length, stage.options.groups, async range =>
      frechetDistance(await featureStatistics(samples, range), truth.moments, stage.signal)
    )
    return { value, count: seeds.length, seeds, details: { network: networkOf(stage), ...truth.details, ...how } }
  }
}

interface Truth {
  readonly moments: Moments
  /** What the metric's row says of where the statistics are from. */
  readonly details: object
}

/** What fid compares with: the statistics of a file, or those of the reference's features. */
const truthOf = oncePer(
  async ({ options, reference, assetPath, assetDigest, signal }: ScoreContext): Promise<Truth> => {
    const { statistics } = options
    if (statistics !== undefined) {
      const [{ readStatistics }, dimensions] = await reading()
      const moments = await readStatistics(assetPath(statistics), { dimensions, known: true, signal })
      return { moments, details: { statistics: { from: statistics, digest: assetDigest(statistics) } } }
    }
    const against = needed(reference, 'reference')
    const moments = await featureStatistics(against)
    return { moments, details: { against: against.name, count: moments.count } }
  }
)

/** What reads statistics, with the number of Inception's features. */
async function reading() {
  const [reference, { FEATURES }] = await Promise.all([import('./reference.js'), import('../networks/inception-v3.js')])
  return [reference, FEATURES] as const
}

export interface Fid {
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
 * The Frechet inception distance of `count` images in so many groups of consecutive ones; `measure` finds that of a
 * range of them.
 */
export async function fidOf(
  count: number,
  groups: number,
  measure: (range: ImageRange) => Promise<number>
): Promise<Fid> {
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
