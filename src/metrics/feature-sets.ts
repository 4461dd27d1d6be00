import { EpdError } from '../errors.js'
import { featureNetwork } from './feature-networks.js'
import type { Features } from './features.js'
import { oncePer, type ImageRange, type SampleSet, type ScoreContext } from './metric.js'
import { accumulator, type Accumulator, type Statistics } from './statistics.js'

/** The features of all images of a stage. */
export const allFeatures = oncePer(async (set: SampleSet): Promise<Features> => {
  const count = set.seeds.length
  let all: { dimensions: number; data: Float32Array } | undefined
  let at = 0
  for await (const { dimensions, data } of set.features()) {
    all ??= { dimensions, data: new Float32Array(count * dimensions) }
    all.data.set(data, at)
    at += data.length
  }
  if (!all) throw noFeatures(set)
  return { count, ...all }
})

/** The statistics of the features of a stage's images in a range, by default of all. */
export async function featureStatistics(set: SampleSet, range?: ImageRange): Promise<Statistics> {
  let sums: Accumulator | undefined
  for await (const { dimensions, data } of set.features(range)) {
    sums ??= accumulator(dimensions)
    sums.add(Float64Array.from(data))
  }
  if (!sums) throw noFeatures(set)
  return sums.finish()
}

function noFeatures({ name }: SampleSet): EpdError {
  return new EpdError('store-corrupt', `the features of "${name}" are not in the store; run again`)
}

/** The network whose features are compared, for the details of a score. */
export function networkOf({ options: { features }, assetDigest }: ScoreContext): object | undefined {
  if (!features) return undefined
  const { name, details } = featureNetwork(features)
  return { name, ...details(features, assetDigest) }
}
