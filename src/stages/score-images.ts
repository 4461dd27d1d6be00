import { decodeNpy } from '../checkpoints/npy.js'
import { shapes16 } from '../datasets/shapes16.js'
import { EpdError } from '../errors.js'
import { psnr, rmse } from '../metrics/error.js'
import { frechetDistance, type Moments } from '../metrics/frechet.js'
import { accumulator, type Statistics } from '../metrics/statistics.js'
import { formatSeeds } from '../spec/seeds.js'
import type { MetricName } from '../spec/experiment.js'
import type { ScoreStage } from './score.js'
import type { Metric, Store } from '../store/store.js'
import { breathe, naming } from './score-naming.js'
import { shardsWith } from './shards.js'
import type { StageContext } from './stage.js'

/** What samples are compared with, and what is said of it beside the value. */
interface Truth {
  readonly statistics: Moments
  readonly details: unknown
}

/** What the samples should be like: a data set by its definition, or the reference's own images. */
export async function truthOf(
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

/** Statistics of a stage's images as they are shown, clipped to [-1, 1]. */
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

/** The Frechet distance of a sample stage's pixels to what they should be. */
export function pixelDistance(
  truth: Truth,
  name: string,
  { store, inputKey, imagesKey, signal }: StageContext
): Promise<Metric> {
  return naming('frechet-pixels', name, async () => {
    const statistics = await sampleStatistics(store, imagesKey(name), signal)
    const value = await frechetDistance(statistics, truth.statistics, signal)
    const { count } = statistics
    return { samplesKey: inputKey(name), name: 'frechet-pixels', value, count, details: truth.details }
  })
}

type PairedMetric = 'psnr' | 'rmse'

export function isPaired(metric: MetricName): metric is PairedMetric {
  return metric === 'psnr' || metric === 'rmse'
}

/** Metrics over all images whose seeds the reference has as well. */
export function compare(
  samples: string,
  reference: string,
  names: readonly PairedMetric[],
  context: StageContext
): Promise<readonly Metric[]> {
  return naming(names.join(' and '), samples, () => compared(samples, reference, names, context))
}

async function compared(
  samples: string,
  referenceName: string,
  names: readonly PairedMetric[],
  { store, inputKey, imagesKey, signal }: StageContext
): Promise<readonly Metric[]> {
  const reference = new Map<number, Float64Array>()
  for (const { seeds, images, size } of shards(store, imagesKey(referenceName))) {
    await breathe(signal)
    seeds.forEach((seed, i) => reference.set(seed, images.subarray(i * size, (i + 1) * size)))
  }
  const sums = new Map(names.map(name => [name, 0]))
  const common: number[] = []
  for (const { seeds, images, size } of shards(store, imagesKey(samples))) {
    await breathe(signal)
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
    const value = name === 'rmse' ? Math.sqrt(mean) : mean
    return { samplesKey: inputKey(samples), name, value, count, details }
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
    const { seeds } = shard
    const size = data.length / seeds.length
    const stray = data.findIndex(value => !Number.isFinite(value))
    if (stray >= 0)
      throw new EpdError(
        'score-undefined',
        `the sample of seed ${seeds[Math.floor(stray / size)]} holds ${data[stray]}`
      )
    yield { seeds, images: Float64Array.from(data, value => (whole ? value : value / 127.5 - 1)), size }
  }
}
