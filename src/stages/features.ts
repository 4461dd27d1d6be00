import { decodeNpy, encodeNpy } from '../checkpoints/npy.js'
import type { RunnerChoice } from '../engines/registry.js'
import { EpdError } from '../errors.js'
import type { FeatureLooker, FeatureSpec } from '../metrics/feature-network.js'
import { featureNetwork } from '../metrics/feature-networks.js'
import { markOf } from '../metrics/runner.js'
import { ofCase, type StageKind } from './kind.js'
import { convertShards, npyFile, shardsOf, shardsWith } from './shards.js'
import { imageShape, type CheckContext, type StageContext, type StageCost } from './stage.js'

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
  located: (stage, { file }) => locatedFeatures(stage, file),
  identity(stage, { runner }) {
    const { samples } = stage
    return {
      params: network(stage, runner),
      inputs: [samples],
      readsImages: true,
      evaluatesModel: false,
      assets: weightsOf(stage)
    }
  },
  cost: () => ({ evaluations: 0, atMost: false }),
  summary(stage) {
    const { title, prepared } = featureNetwork(stage)
    const how = prepared(stage)
    return `${title} features of ${ofCase(stage.samples)}${how === '' ? '' : `, ${how}`}`
  },
  shards: ({ samples }, find) => shardsOf(find(samples)),
  check: checkFeatures,
  run
}

/** What names the network in the keys of stages. Weights that a spec gives are among their assets. */
export function network(spec: FeatureSpec, runner?: RunnerChoice): Readonly<Record<string, unknown>> {
  const { name, looker, identity } = featureNetwork(spec)
  return { network: name, ...identity(spec), ...markOf(looker, runner) }
}

/** The network with an absolute path in place of one from the spec's folder. */
export function locatedFeatures<Spec extends FeatureSpec>(spec: Spec, file: (location: string) => string): Spec {
  return spec.weights === undefined ? spec : { ...spec, weights: file(spec.weights) }
}

/** The file of weights that a spec gives, if it gives one. */
export function weightsOf({ weights }: FeatureSpec): readonly string[] {
  return weights === undefined ? [] : [weights]
}

/** What the network sees in each image of a sample stage, shard by shard. */
async function run(stage: FeaturesStage, context: StageContext): Promise<StageCost> {
  const { store, imagesKey } = context
  const { title, dimensions } = featureNetwork(stage)
  let looker: FeatureLooker | undefined
  try {
    await convertShards(
      context,
      shardsWith(store, imagesKey(stage.samples), 'images'),
      async (artifact, _, advance) => {
        const { shape, data } = decodeNpy(store.readArtifact(artifact))
        const [count, height, width] = shape
        looker ??= await openFeatures(stage, [height, width], context)
        const features = await looker.features(Uint8Array.from(data), count)
        if (!features.every(Number.isFinite))
          throw new EpdError(
            'model-output',
            `stage "${stage.name}": what ${title} sees in some images is no finite number${damaged(stage)}`
          )
        advance(count)
        return [npyFile('features', encodeNpy({ dtype: 'float32', shape: [count, dimensions], data: features }))]
      }
    )
  } finally {
    await looker?.close()
  }
  return { evaluations: 0 }
}

function damaged({ weights }: FeatureSpec): string {
  return weights === undefined ? '' : `; are the weights ${weights} damaged?`
}

/** Whether the network can be had, and the model's images are for it; it is compiled for them. */
export async function checkFeatures(
  stage: FeatureSpec & { readonly name: string },
  context: CheckContext
): Promise<void> {
  const shape = imageShape(context.model)
  const { name, title, mismatch, identity } = featureNetwork(stage)
  const wrong = mismatch(shape)
  if (wrong !== undefined) throw new EpdError('model-invalid', `stage "${stage.name}": ${title} ${wrong}; leave it out`)
  await context.once(JSON.stringify([name, stage.weights, identity(stage)]), async () => {
    const [, height, width] = shape
    const { runner } = context.model
    await (await openFeatures(stage, [height, width], { ...context, runner })).close()
  })
}

/** The network for images of a size. */
export function openFeatures(
  spec: FeatureSpec,
  size: readonly [height: number, width: number],
  {
    assetPath,
    cacheDir,
    runner,
    onNote,
    signal
  }: Pick<StageContext, 'assetPath' | 'cacheDir' | 'runner' | 'onNote' | 'signal'>
): Promise<FeatureLooker> {
  return featureNetwork(spec).open(spec, { assetPath, size, cacheDir, runner, onNote, signal })
}
