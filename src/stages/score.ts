import { decodeNpy } from '../checkpoints/npy.js'
import { shapes16 } from '../datasets/shapes16.js'
import { EpdError } from '../errors.js'
import { psnr, rmse } from '../metrics/error.js'
import { frechetDistance } from '../metrics/frechet.js'
import { accumulator, type Statistics } from '../metrics/statistics.js'
import { formatSeeds } from '../spec/seeds.js'
import type { MetricName, ScoreStage } from '../spec/experiment.js'
import type { Metric, Store } from '../store/store.js'
import type { StageContext, StageCost } from './stage.js'

/** Scores each set of samples by each metric. No model is evaluated. */
export async function run(stage: ScoreStage, context: StageContext): Promise<StageCost> {
  const { store, inputKey, claim, onProgress, signal } = context
  const total = stage.samples.length
  const truth = stage.metrics.includes('frechet-pixels') ? await truthOf(stage, context) : undefined
  const metrics: Metric[] = []
  for (const [done, name] of stage.samples.entries()) {
    onProgress({ done, total, unit: 'samples', note: name })
    const samplesKey = inputKey(name)
    if (truth) {
      const statistics = await sampleStatistics(store, samplesKey, signal)
      const value = frechetDistance(statistics, truth.statistics)
      const details = { against: truth.name, count: truth.statistics.count }
      metrics.push({ samplesKey, name: 'frechet-pixels', value, count: statistics.count, details })
    }
    const compared = stage.metrics.filter(metric => metric !== 'frechet-pixels')
    if (compared.length > 0 && stage.reference !== undefined)
      metrics.push(...(await compare(store, samplesKey, stage.reference, inputKey(stage.reference), compared)))
  }
  store.putMetrics(claim, metrics)
  onProgress({ done: total, total, unit: 'samples' })
  return { evaluations: 0 }
}

/** What the samples should be like: a data set by its definition, or the reference's own images. */
async function truthOf(
  { dataset, reference }: ScoreStage,
  { store, inputKey, signal, onProgress }: StageContext
): Promise<{ name: string; statistics: Statistics }> {
  if (dataset) {
    const name = `${dataset.name} 0-${dataset.count - 1}`
    return { name, statistics: await datasetStatistics(dataset.count, signal, onProgress) }
  }
  if (reference === undefined) throw new EpdError('spec-invalid', 'frechet-pixels needs a dataset or a reference')
  return { name: reference, statistics: await sampleStatistics(store, inputKey(reference), signal) }
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
  referenceName: string,
  referenceKey: string,
  names: readonly Exclude<MetricName, 'frechet-pixels'>[]
): Promise<Metric[]> {
  const reference = new Map<number, Float64Array>()
  for (const { seeds, images, size } of shards(store, referenceKey))
    seeds.forEach((seed, i) => reference.set(seed, images.subarray(i * size, (i + 1) * size)))
  const sums = new Map(names.map(name => [name, 0]))
  const common: number[] = []
  for (const { seeds, images, size } of shards(store, samplesKey)) {
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

/** The samples of a stage, one shard in memory at a time. */
function* shards(
  store: Store,
  key: string
): Generator<{ seeds: readonly number[]; images: Float64Array; size: number }> {
  const files = new Map(store.artifacts(key, 'samples').map(artifact => [artifact.position, artifact]))
  for (const { position, seeds } of store.shards(key)) {
    const file = files.get(position)
    if (!file) throw new EpdError('store-corrupt', 'a shard of samples is missing from the store; run again')
    const images = Float64Array.from(decodeNpy(store.readArtifact(file)).data)
    yield { seeds, images, size: images.length / seeds.length }
  }
}

/** Lets the screen, Ctrl-C and the store's heartbeat have their turn. */
function breathe(signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  return new Promise(resolve => setImmediate(resolve))
}
