import { decodeNpy } from '../checkpoints/npy.js'
import { EpdError } from '../errors.js'
import type { Features } from '../metrics/features.js'
import { fidOf, type Range } from '../metrics/fid.js'
import { frechetDistance, type Moments } from '../metrics/frechet.js'
import { kid } from '../metrics/kid.js'
import { precisionRecall } from '../metrics/precision-recall.js'
import { readStatistics } from '../metrics/reference.js'
import { accumulator, type Statistics } from '../metrics/statistics.js'
import { FEATURES } from '../networks/inception-v3.js'
import type { MetricName } from '../spec/experiment.js'
import type { ScoreStage } from './score.js'
import { formatSeeds } from '../spec/seeds.js'
import type { Metric, Store } from '../store/store.js'
import { breathe, naming } from './score-naming.js'
import { shardsWith } from './shards.js'
import type { StageContext } from './stage.js'

type FeatureScorer = (sample: number, samplesKey: string) => Promise<Metric[]>

/** Scores the features of a sample stage, by its place in the list, against real images' or the reference's. */
export async function featureScorer(
  stage: ScoreStage,
  features: NonNullable<ScoreStage['features']>,
  context: StageContext
): Promise<FeatureScorer> {
  const { metrics, reference } = stage
  const { store, inputKey, signal, assetDigest } = context
  const network = { name: 'inception-v3', weights: assetDigest(features.weights), preparation: features.preparation }
  const real = metrics.includes('fid') ? await featureTruth(stage, features, context) : undefined
  const truth = metrics.some(metric => metric !== 'fid') && features.reference !== undefined
  const images = truth ? await allFeatures(store, inputKey(features.reference ?? ''), signal) : undefined
  return async (sample, samplesKey) => {
    const samples = stage.samples[sample]
    const key = inputKey(features.samples[sample])
    const seeds = formatSeeds(store.shards(key).flatMap(shard => shard.seeds))
    const metric = (name: MetricName, value: number, count: number, details: object): Metric => {
      return { samplesKey, name, value, count, details: { network, seeds, ...details } }
    }
    const found: Metric[] = []
    if (real)
      found.push(
        await naming('fid', samples, async () => {
          const count = store.shards(key).reduce((sum, shard) => sum + shard.seeds.length, 0)
          const { value, ...how } = await fidOf(count, stage.groups, async range =>
            frechetDistance(await featureStatistics(store, key, signal, range), real.statistics, signal)
          )
          return metric('fid', value, count, { ...real.details, ...how })
        })
      )
    if (!images) return found
    const own = await allFeatures(store, key, signal)
    const against = { against: reference, count: images.count }
    if (metrics.includes('kid'))
      found.push(
        await naming('kid', samples, async () => {
          const { value, ...how } = await kid(own, images, signal)
          return metric('kid', value, own.count, { ...against, ...how })
        })
      )
    const shares = (['precision', 'recall'] as const).filter(name => metrics.includes(name))
    if (shares.length > 0)
      found.push(
        ...(await naming(shares.join(' and '), samples, async () => {
          const both = await precisionRecall(own, images, signal)
          return shares.map(name => metric(name, both[name], own.count, against))
        }))
      )
    return found
  }
}

/** The statistics that fid compares with, and whose they are. */
async function featureTruth(
  { statistics, reference }: ScoreStage,
  features: NonNullable<ScoreStage['features']>,
  { store, inputKey, signal, assetPath, assetDigest }: StageContext
): Promise<{ readonly statistics: Moments; readonly details: object }> {
  if (statistics !== undefined) {
    const details = { statistics: { from: statistics, digest: assetDigest(statistics) } }
    return {
      statistics: await readStatistics(assetPath(statistics), { dimensions: FEATURES, known: true, signal }),
      details
    }
  }
  if (features.reference === undefined) throw new EpdError('spec-invalid', 'fid needs statistics or a reference')
  const found = await featureStatistics(store, inputKey(features.reference), signal)
  return { statistics: found, details: { against: reference, count: found.count } }
}

/** Statistics of the features of all images of a stage, or of those at the places of a range. */
async function featureStatistics(
  store: Store,
  key: string,
  signal: AbortSignal,
  { from, to }: Range = { from: 0, to: Infinity }
): Promise<Statistics> {
  const sums = accumulator(FEATURES)
  let at = 0
  for (const { shard, artifact } of shardsWith(store, key, 'features')) {
    const [first, end] = [Math.max(from - at, 0), Math.min(to - at, shard.seeds.length)]
    at += shard.seeds.length
    if (first >= end) continue
    await breathe(signal)
    const rows = decodeNpy(store.readArtifact(artifact)).data.subarray(first * FEATURES, end * FEATURES)
    sums.add(Float64Array.from(rows))
  }
  return sums.finish()
}

async function allFeatures(store: Store, key: string, signal: AbortSignal): Promise<Features> {
  const shards = shardsWith(store, key, 'features')
  const count = shards.reduce((sum, { shard }) => sum + shard.seeds.length, 0)
  const data = new Float32Array(count * FEATURES)
  let at = 0
  for (const { artifact } of shards) {
    await breathe(signal)
    const part = decodeNpy(store.readArtifact(artifact)).data
    data.set(part, at)
    at += part.length
  }
  return { count, dimensions: FEATURES, data }
}
