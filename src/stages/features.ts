import { decodeNpy, encodeNpy } from '../checkpoints/npy.js'
import type { RunnerChoice } from '../engines/registry.js'
import { EpdError } from '../errors.js'
import { openInception, type Inception } from '../metrics/inception.js'
import { markOf } from '../metrics/runner.js'
import { FEATURES } from '../networks/inception-v3.js'
import type { FeatureSpec } from '../metrics/feature-keys.js'
import { ofCase, type StageKind } from './kind.js'
import { convertShards, npyFile, shardsOf, shardsWith } from './shards.js'
import { expectColours, imageShape, type CheckContext, type StageContext, type StageCost } from './stage.js'

/** Made for a score stage that compares features (`<score>.<samples>`). */
export interface FeaturesStage extends FeatureSpec {
  readonly kind: 'features'
  readonly name: string
  /** The sample stage whose images are looked at. */
  readonly samples: string
}

export const features: StageKind<FeaturesStage> = {
  kind: 'features',
  version: 1,
  inputs: ({ samples }) => [samples],
  renamed: (stage, rename) => ({ ...stage, name: rename(stage.name), samples: rename(stage.samples) }),
  located: (stage, { file }) => ({ ...stage, weights: file(stage.weights) }),
  identity(stage, { runner }) {
    const { samples, weights } = stage
    return {
      params: network(stage, runner),
      inputs: [samples],
      readsImages: true,
      evaluatesModel: false,
      assets: [weights]
    }
  },
  cost: () => ({ evaluations: 0, atMost: false }),
  summary: ({ samples, preparation }) => `Inception-v3 features of ${ofCase(samples)}, prepared as ${preparation}`,
  shards: ({ samples }, find) => shardsOf(find(samples)),
  check: checkInception,
  run
}

/** What names the network in the keys of stages. Its weights are among their assets. */
export function network({ preparation }: FeatureSpec, runner?: RunnerChoice): Readonly<Record<string, unknown>> {
  return { network: 'inception-v3', preparation, ...markOf('inception', runner) }
}

/** What Inception sees in each image of a sample stage, shard by shard. */
async function run(stage: FeaturesStage, context: StageContext): Promise<StageCost> {
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
        if (!features.every(Number.isFinite))
          throw new EpdError(
            'model-output',
            `stage "${stage.name}": what Inception-v3 sees in some images is no finite number; are the weights ${stage.weights} damaged?`
          )
        advance(count)
        return [npyFile('features', encodeNpy({ dtype: 'float32', shape: [count, FEATURES], data: features }))]
      }
    )
  } finally {
    await inception?.close()
  }
  return { evaluations: 0 }
}

/** Whether the network can be had, and the model's images are for it; it is compiled for them. */
export async function checkInception(
  stage: FeatureSpec & { readonly name: string },
  context: CheckContext
): Promise<void> {
  const shape = imageShape(context.model)
  expectColours(shape, stage.name, 'Inception-v3')
  const { weights, preparation } = stage
  await context.once(JSON.stringify(['inception', weights, preparation]), async () => {
    const [, height, width] = shape
    const { runner } = context.model
    await (await openFeatures(stage, [height, width], { ...context, runner })).close()
  })
}

/** Inception for images of a size. */
export function openFeatures(
  { weights, preparation }: FeatureSpec,
  size: readonly [height: number, width: number],
  {
    assetPath,
    cacheDir,
    runner,
    onNote,
    signal
  }: Pick<StageContext, 'assetPath' | 'cacheDir' | 'runner' | 'onNote' | 'signal'>
): Promise<Inception> {
  return openInception({ weights: assetPath(weights), preparation, size, cacheDir, runner, onNote, signal })
}
