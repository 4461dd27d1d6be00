import { decodeNpy, encodeNpy } from '../checkpoints/npy.js'
import { EpdError } from '../errors.js'
import { openInception, type Inception } from '../metrics/inception.js'
import { FEATURES } from '../networks/inception-v3.js'
import type { FeatureSpec, FeaturesStage } from '../spec/experiment.js'
import type { Artifact, ShardRow, Store } from '../store/store.js'
import type { StageContext, StageCost } from './stage.js'

/** What Inception sees in each image of a sample stage, shard by shard. */
export async function run(stage: FeaturesStage, context: StageContext): Promise<StageCost> {
  const { store, key, claim, imagesKey, signal, onProgress } = context
  const images = shardsWith(store, imagesKey(stage.samples), 'images')
  const done = new Set(store.shards(key).map(({ position }) => position))
  const total = images.reduce((sum, { shard }) => sum + shard.seeds.length, 0)
  let finished = images.reduce((sum, { shard }) => sum + (done.has(shard.position) ? shard.seeds.length : 0), 0)
  let inception: Inception | undefined
  try {
    for (const { shard, artifact } of images.filter(one => !done.has(one.shard.position))) {
      signal.throwIfAborted()
      onProgress({ done: finished, total, unit: 'samples' })
      const { shape, data } = decodeNpy(store.readArtifact(artifact))
      const [count, height, width] = shape
      inception ??= await openFeatures(stage, [height, width], context)
      const features = await inception.features(Uint8Array.from(data), count)
      const file = encodeNpy({ dtype: 'float32', shape: [count, FEATURES], data: features })
      const { position, seeds } = shard
      store.putShard(claim, {
        ...{ position, seeds, evaluations: 0 },
        files: [{ name: 'features', data: file, extension: 'npy', mediaType: 'application/x-npy' }]
      })
      finished += count
    }
  } finally {
    await inception?.close()
  }
  onProgress({ done: total, total, unit: 'samples' })
  return { evaluations: 0 }
}

/** Inception for images of a size. */
export function openFeatures(
  { weights, preparation }: FeatureSpec,
  size: readonly [height: number, width: number],
  { assetPath, cacheDir }: StageContext
): Promise<Inception> {
  return openInception({ weights: assetPath(weights), preparation, size, cacheDir })
}

/** A stage's shards, each with the one file of this name that it has left. */
export function shardsWith(store: Store, key: string, name: string): { shard: ShardRow; artifact: Artifact }[] {
  const files = new Map(store.artifacts(key, name).map(artifact => [artifact.position, artifact]))
  return store.shards(key).map(shard => {
    const artifact = files.get(shard.position)
    if (!artifact) throw new EpdError('store-corrupt', `a shard's ${name} are missing from the store; run again`)
    return { shard, artifact }
  })
}
