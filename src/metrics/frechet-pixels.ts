import { shapes16 } from '../datasets/shapes16.js'
import { EpdError } from '../errors.js'
import { turns } from '../turns.js'
import {
  needed,
  oncePer,
  type MetricCheck,
  type MetricDescriptor,
  type SampleSet,
  type ScoreContext
} from './metric.js'
import { accumulator, type Accumulator, type Statistics } from './statistics.js'

export const frechetPixelsMetric: MetricDescriptor = {
  name: 'frechet-pixels',
  title: 'Frechet distance between the distributions of pixels',
  moreIsBetter: false,
  digits: { significant: 4 },
  needs: { oneOf: ['dataset', 'reference'], images: 2 },
  check(given) {
    checkShape(given)
    return Promise.resolve()
  },
  async score({ samples, stage }) {
    const { frechetDistance } = await import('./frechet.js')
    const truth = await truthOf(stage)
    const statistics = await pixelStatistics(samples)
    const value = await frechetDistance(statistics, truth.statistics, stage.signal)
    return { value, count: statistics.count, details: { against: truth.against, count: truth.statistics.count } }
  }
}

/** The most values of an image, as many as 64 x 64 pixels in colour have; their covariance takes 1.2 GB. */
const MOST_DIMENSIONS = 12_288
const SHAPES16 = [3, 16, 16]

function checkShape({ stage, options: { dataset }, shape }: MetricCheck): void {
  if (dataset && String(shape) !== String(SHAPES16))
    throw new EpdError(
      'model-invalid',
      `stage "${stage}": frechet-pixels compares with ${dataset.name}, whose images are of ${SHAPES16.join('x')}, and this model's are of ${shape.join('x')}; give a reference in place of the data set`
    )
  const dimensions = sizeOf(shape)
  if (dimensions > MOST_DIMENSIONS)
    throw new EpdError(
      'model-invalid',
      `stage "${stage}": frechet-pixels takes the covariance of all ${dimensions.toLocaleString('en')} values of an image, and ${MOST_DIMENSIONS.toLocaleString('en')} are the most that it can; choose fid`
    )
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** What the samples should be like: a data set by its definition, or the reference's own images. */
const truthOf = oncePer(async (stage: ScoreContext): Promise<{ statistics: Statistics; against: string }> => {
  const { dataset } = stage.options
  if (dataset) return { statistics: await datasetStatistics(dataset.count, stage), against: nameOf(dataset) }
  const reference = needed(stage.reference, 'reference')
  return { statistics: await pixelStatistics(reference), against: reference.name }
})

function nameOf({ name, count }: { readonly name: string; readonly count: number }): string {
  return `${name} 0-${count - 1}`
}

const DATASET_BLOCK = 512

async function datasetStatistics(count: number, { signal, onProgress }: ScoreContext): Promise<Statistics> {
  const sums = accumulator(sizeOf(SHAPES16))
  const turn = turns(signal)
  for (let start = 0; start < count; start += DATASET_BLOCK) {
    await turn()
    sums.add(shapes16({ start, count: Math.min(DATASET_BLOCK, count - start) }))
    onProgress(start, count, 'statistics of the data set')
  }
  return sums.finish()
}

/** Statistics of a stage's images as they are shown, clipped to [-1, 1]. */
async function pixelStatistics(set: SampleSet): Promise<Statistics> {
  let sums: Accumulator | undefined
  for await (const { values, size } of set.values()) {
    sums ??= accumulator(size)
    sums.add(values.map(value => Math.min(Math.max(value, -1), 1)))
  }
  if (!sums) throw new EpdError('store-corrupt', `the samples of "${set.name}" are not in the store; run again`)
  return sums.finish()
}
