import { featureStatistics, networkOf } from './feature-sets.js'
import { featureNetwork } from './feature-networks.js'
import type { EmbeddedFile } from './fashion28.js'
import { frechetOfGroups } from './grouped.js'
import { needed, oncePer, type Digits, type MetricDescriptor, type ScoreContext } from './metric.js'
import type { Moments } from './statistics.js'

/** Statistics of real images that come with the project. */
export interface EmbeddedStatistics extends EmbeddedFile {
  /** What they are of, in a few words, such as "the 60,000 training images". */
  readonly of: string
}

/** A Fréchet distance between the features of one network. */
export interface FrechetOfFeatures {
  readonly name: string
  readonly title: string
  readonly digits: Digits
  /** The network whose features it compares, and no others. */
  readonly network: string
  /**
   * Statistics that come with the project: those that samples are compared with unless a spec names others, and those
   * of other real images, whose distance from the first is noted as the floor.
   */
  readonly real?: { readonly truth: EmbeddedStatistics; readonly others: EmbeddedStatistics }
}

/** The metric that a Fréchet distance between features is. */
export function frechetOfFeatures({ network, real, ...named }: FrechetOfFeatures): MetricDescriptor {
  const { dimensions } = featureNetwork({ network })
  const truthOf = oncePer((stage: ScoreContext) => readTruth(stage, dimensions, real))
  return {
    ...named,
    moreIsBetter: false,
    needs: { keys: ['features'], ...(!real && { oneOf: ['statistics', 'reference'] }), images: 2, network },
    options: ['groups'],
    marks: ({ statistics }) => (real && statistics === undefined ? { statistics: real.truth.digest } : undefined),
    async check({ options: { statistics }, assetPath, signal, once }) {
      if (statistics === undefined) return
      await once(JSON.stringify(['statistics', statistics, dimensions]), async () => {
        const { readStatistics } = await import('./reference.js')
        await readStatistics(assetPath(statistics), { dimensions, signal })
      })
    },
    async score({ samples, stage }) {
      const { frechetDistance } = await import('./frechet.js')
      const truth = await truthOf(stage)
      const { seeds } = samples
      const { value, ...how } = await frechetOfGroups(seeds.length, stage.options.groups, async range =>
        frechetDistance(await featureStatistics(samples, range), truth.moments, stage.signal)
      )
      return { value, count: seeds.length, seeds, details: { network: networkOf(stage), ...truth.details, ...how } }
    }
  }
}

interface Truth {
  readonly moments: Moments
  /** What the metric's row says of where the statistics are from. */
  readonly details: object
}

/** What samples are compared with: the statistics of a file, those that come with the project, or the reference's. */
async function readTruth(
  { options: { statistics }, reference, assetPath, assetDigest, signal }: ScoreContext,
  dimensions: number,
  real: FrechetOfFeatures['real']
): Promise<Truth> {
  if (statistics !== undefined) {
    const { readStatistics } = await import('./reference.js')
    const moments = await readStatistics(assetPath(statistics), { dimensions, known: true, signal })
    return { moments, details: { statistics: { from: statistics, digest: assetDigest(statistics) } } }
  }
  if (real) return embeddedTruth(real, dimensions, signal)
  const against = needed(reference, 'reference')
  const moments = await featureStatistics(against)
  return { moments, details: { against: against.name, count: moments.count } }
}

async function embeddedTruth(
  { truth, others }: NonNullable<FrechetOfFeatures['real']>,
  dimensions: number,
  signal: AbortSignal
): Promise<Truth> {
  const [{ readStatistics }, { soundFile }, { frechetDistance }] = await Promise.all([
    import('./reference.js'),
    import('./embedded.js'),
    import('./frechet.js')
  ])
  const read = async (file: EmbeddedFile) => readStatistics(await soundFile(file), { dimensions, known: true, signal })
  const [moments, rest] = [await read(truth), await read(others)]
  const floor = { value: await frechetDistance(rest, moments, signal), of: others.of }
  return { moments, details: { statistics: { from: truth.of, digest: truth.digest }, floor } }
}
