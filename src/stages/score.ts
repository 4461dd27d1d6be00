import { decodeNpy } from '../checkpoints/npy.js'
import { shapes16 } from '../datasets/shapes16.js'
import { EpdError } from '../errors.js'
import { openClip, type Clip } from '../metrics/clip-score.js'
import { psnr, rmse } from '../metrics/error.js'
import type { Features } from '../metrics/features.js'
import { fidOf, type Range } from '../metrics/fid.js'
import { frechetDistance, type Moments } from '../metrics/frechet.js'
import { kid } from '../metrics/kid.js'
import { precisionRecall } from '../metrics/precision-recall.js'
import { readStatistics } from '../metrics/reference.js'
import { accumulator, type Statistics } from '../metrics/statistics.js'
import { FEATURES } from '../networks/inception-v3.js'
import { formatSeeds } from '../spec/seeds.js'
import type { MetricName, ScoreStage } from '../spec/experiment.js'
import type { Metric, Store } from '../store/store.js'
import { shardsWith } from './shards.js'
import type { StageContext, StageCost } from './stage.js'

/** Scores each set of samples by each metric. No model is evaluated. */
export async function run(stage: ScoreStage, context: StageContext): Promise<StageCost> {
  const { store, inputKey, imagesKey, claim, onProgress, signal } = context
  const total = stage.samples.length
  const pixels = stage.metrics.includes('frechet-pixels') ? await truthOf(stage, context) : undefined
  const scoreFeatures = stage.features && (await featureScorer(stage, stage.features, context))
  const clip = stage.metrics.includes('clip-score') ? await clipOf(stage, context) : undefined
  const metrics: Metric[] = []
  try {
    for (const [done, name] of stage.samples.entries()) {
      onProgress({ done, total, unit: 'samples', note: name })
      const samplesKey = inputKey(name)
      if (scoreFeatures) metrics.push(...(await scoreFeatures(done, samplesKey)))
      if (pixels) {
        const statistics = await sampleStatistics(store, imagesKey(name), signal)
        const value = await frechetDistance(statistics, pixels.statistics)
        metrics.push({ samplesKey, name: 'frechet-pixels', value, count: statistics.count, details: pixels.details })
      }
      if (clip) metrics.push(await clipScore(clip, samplesKey, imagesKey(name), context))
      const compared = stage.metrics.filter(isPaired)
      if (compared.length > 0 && stage.reference !== undefined)
        metrics.push(
          ...(await compare(store, samplesKey, imagesKey(name), stage.reference, imagesKey(stage.reference), compared))
        )
    }
  } finally {
    await clip?.close()
  }
  store.putMetrics(claim, metrics)
  onProgress({ done: total, total, unit: 'samples' })
  return { evaluations: 0 }
}

function clipOf({ clip }: ScoreStage, { assetPath, cacheDir, onNote, promptsOf }: StageContext): Promise<Clip> {
  if (clip === undefined || !promptsOf)
    throw new EpdError('spec-invalid', 'clip-score needs prompts, and the folder of a CLIPModel under clip')
  return openClip({ folder: assetPath(clip), cacheDir, onNote })
}

/** The mean over all images of a sample stage. */
async function clipScore(
  clip: Clip,
  samplesKey: string,
  imagesKey: string,
  { store, promptsOf, signal }: StageContext
): Promise<Metric> {
  let [sum, count] = [0, 0]
  for (const { shard, artifact } of shardsWith(store, imagesKey, 'images')) {
    await breathe(signal)
    const { shape, data } = decodeNpy(store.readArtifact(artifact))
    const [, height, width, channels] = shape
    const size = height * width * channels
    const images = shard.seeds.map((_, i) => {
      return { height, width, channels, data: Uint8Array.from(data.subarray(i * size, (i + 1) * size)) }
    })
    const scores = await clip.scores(images, promptsOf?.(shard.seeds) ?? [])
    sum += scores.reduce((all, score) => all + score, 0)
    count += scores.length
  }
  return {
    samplesKey,
    name: 'clip-score',
    value: sum / count,
    count,
    details: { network: { name: 'clip', digest: clip.digest } }
  }
}

type PairedMetric = 'psnr' | 'rmse'

function isPaired(metric: MetricName): metric is PairedMetric {
  return metric === 'psnr' || metric === 'rmse'
}

/** What samples are compared with, and what is said of it beside the value. */
interface Truth {
  readonly statistics: Moments
  readonly details: unknown
}

type FeatureScorer = (sample: number, samplesKey: string) => Promise<Metric[]>

/** Scores the features of a sample stage, by its place in the list, against real images' or the reference's. */
async function featureScorer(
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
    const key = inputKey(features.samples[sample])
    const seeds = formatSeeds(store.shards(key).flatMap(shard => shard.seeds))
    const found: Metric[] = []
    const add = (name: MetricName, value: number, count: number, details: object) => {
      found.push({ samplesKey, name, value, count, details: { network, seeds, ...details } })
    }
    if (real) {
      const count = store.shards(key).reduce((sum, shard) => sum + shard.seeds.length, 0)
      const { value, ...how } = await fidOf(count, stage.groups, async range =>
        frechetDistance(await featureStatistics(store, key, signal, range), real.statistics)
      )
      add('fid', value, count, { ...real.details, ...how })
    }
    if (!images) return found
    const own = await allFeatures(store, key, signal)
    const against = { against: reference, count: images.count }
    if (metrics.includes('kid')) {
      const { value, ...how } = await kid(own, images)
      add('kid', value, own.count, { ...against, ...how })
    }
    if (metrics.includes('precision') || metrics.includes('recall')) {
      const both = await precisionRecall(own, images)
      for (const name of ['precision', 'recall'] as const)
        if (metrics.includes(name)) add(name, both[name], own.count, against)
    }
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
    return { statistics: await readStatistics(assetPath(statistics)), details }
  }
  if (features.reference === undefined) throw new EpdError('spec-invalid', 'fid needs statistics or a reference')
  const found = await featureStatistics(store, inputKey(features.reference), signal)
  return { statistics: found, details: { against: reference, count: found.count } }
}

/** Of all images of a stage, or of those at the places of a range. */
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

/** What the samples should be like: a data set by its definition, or the reference's own images. */
async function truthOf(
  { dataset, reference }: ScoreStage,
  { store, imagesKey, signal, onProgress }: StageContext
): Promise<Truth> {
  if (dataset) {
    const statistics = await datasetStatistics(dataset.count, signal, onProgress)
    return { statistics, details: { against: `${dataset.name} 0-${dataset.count - 1}`, count: dataset.count } }
  }
  if (reference === undefined) throw new EpdError('spec-invalid', 'frechet-pixels needs a dataset or a reference')
  const statistics = await sampleStatistics(store, imagesKey(reference), signal)
  return { statistics, details: { against: reference, count: statistics.count } }
}

const DATASET_BLOCK = 512
const SHAPES16_DIMENSIONS = 768

async function datasetStatistics(
  count: number,
  signal: AbortSignal,
  onProgress: StageContext['onProgress']
): Promise<Statistics> {
  const sums = accumulator(SHAPES16_DIMENSIONS)
  for (let start = 0; start < count; start += DATASET_BLOCK) {
    await breathe(signal)
    sums.add(shapes16({ start, count: Math.min(DATASET_BLOCK, count - start) }))
    onProgress({ done: start, total: count, unit: 'samples', note: 'statistics of the data set' })
  }
  return sums.finish()
}

/** Of images as they are shown: clipped to [-1, 1]. */
async function sampleStatistics(store: Store, key: string, signal: AbortSignal): Promise<Statistics> {
  let sums: ReturnType<typeof accumulator> | undefined
  for (const { images, size } of shards(store, key)) {
    await breathe(signal)
    sums ??= accumulator(size)
    sums.add(images.map(value => Math.min(Math.max(value, -1), 1)))
  }
  if (!sums) throw new EpdError('store-corrupt', 'the samples to be scored are not in the store; run again')
  return sums.finish()
}

/** Metrics over all images whose seeds the reference has as well. */
async function compare(
  store: Store,
  samplesKey: string,
  imagesKey: string,
  referenceName: string,
  referenceKey: string,
  names: readonly PairedMetric[]
): Promise<Metric[]> {
  const reference = new Map<number, Float64Array>()
  for (const { seeds, images, size } of shards(store, referenceKey))
    seeds.forEach((seed, i) => reference.set(seed, images.subarray(i * size, (i + 1) * size)))
  const sums = new Map(names.map(name => [name, 0]))
  const common: number[] = []
  for (const { seeds, images, size } of shards(store, imagesKey)) {
    await Promise.resolve()
    seeds.forEach((seed, i) => {
      const truth = reference.get(seed)
      if (!truth) return
      const image = images.subarray(i * size, (i + 1) * size)
      common.push(seed)
      for (const name of names)
        sums.set(name, (sums.get(name) ?? 0) + (name === 'rmse' ? rmse(image, truth) ** 2 : psnr(image, truth)))
    })
  }
  const count = common.length
  const details = { against: referenceName, seeds: formatSeeds(common) }
  return names.map(name => {
    const mean = (sums.get(name) ?? NaN) / count
    return { samplesKey, name, value: name === 'rmse' ? Math.sqrt(mean) : mean, count, details }
  })
}

/** The samples of a stage, one shard in memory at a time; of decoded latents, the bytes that are their images, from -1 to 1. */
function* shards(
  store: Store,
  key: string
): Generator<{ seeds: readonly number[]; images: Float64Array; size: number }> {
  const whole = store.artifacts(key, 'samples').length > 0
  for (const { shard, artifact } of shardsWith(store, key, whole ? 'samples' : 'images')) {
    const { data } = decodeNpy(store.readArtifact(artifact))
    const images = Float64Array.from(data, value => (whole ? value : value / 127.5 - 1))
    yield { seeds: shard.seeds, images, size: images.length / shard.seeds.length }
  }
}

/** Lets the screen, Ctrl-C and the store's heartbeat have their turn. */
function breathe(signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  return new Promise(resolve => setImmediate(resolve))
}
