import { decodeNpy, encodeNpy } from '../checkpoints/npy.js'
import { openInception, type Inception } from '../metrics/inception.js'
import { FEATURES } from '../networks/inception-v3.js'
import type { FeatureSpec, FeaturesStage } from '../spec/experiment.js'
import { convertShards, npyFile, shardsWith } from './shards.js'
import type { StageContext, StageCost } from './stage.js'

/** What Inception sees in each image of a sample stage, shard by shard. */
export async function run(stage: FeaturesStage, context: StageContext): Promise<StageCost> {
  const { store, imagesKey } = context
  let inception: Inception | undefined
  try {
    await convertShards(
      context,
      shardsWith(store, imagesKey(stage.samples), 'images'),
      async (artifact, _, advance) => {
        const { shape, data } = decodeNpy(store.readArtifact(artifact))
        const [count, height, width] = shape
        inception ??= await openFeatures(stage, [height, width], context)
        const features = await inception.features(Uint8Array.from(data), count)
        advance(count)
        return [npyFile('features', encodeNpy({ dtype: 'float32', shape: [count, FEATURES], data: features }))]
      }
    )
  } finally {
    await inception?.close()
  }
  return { evaluations: 0 }
}

/** Inception for images of a size. */
export function openFeatures(
  { weights, preparation }: FeatureSpec,
  size: readonly [height: number, width: number],
  { assetPath, cacheDir, onNote }: StageContext
): Promise<Inception> {
  return openInception({ weights: assetPath(weights), preparation, size, cacheDir, onNote })
}
