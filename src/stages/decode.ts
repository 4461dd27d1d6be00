import { decodeNpy } from '../checkpoints/npy.js'
import { EpdError } from '../errors.js'
import { decodedImages } from '../images/decoded.js'
import { ofCase, type DecoderMark, type StageKind } from './kind.js'
import { convertShards, shardsOf, shardsWith } from './shards.js'
import type { StageContext, StageCost } from './stage.js'

/** Made for a sample stage of latents (`<samples>.decoded`): their images. */
export interface DecodeStage {
  readonly kind: 'decode'
  readonly name: string
  readonly samples: string
  /** Whether each image is also written as a PNG of its own. */
  readonly images: boolean
  readonly decoder: DecoderMark
}

export const decode: StageKind<DecodeStage> = {
  kind: 'decode',
  version: 1,
  inputs: ({ samples }) => [samples],
  renamed: (stage, rename) => ({ ...stage, name: rename(stage.name), samples: rename(stage.samples) }),
  identity: ({ decoder, samples }) => ({ params: { decoder }, inputs: [samples], evaluatesModel: false }),
  cost: () => ({ evaluations: 0, atMost: false }),
  summary: ({ samples }) => `images of the latents of ${ofCase(samples)}`,
  shards: ({ samples }, find) => shardsOf(find(samples)),
  pictures: ({ samples, images }) => ({ name: samples, each: images }),
  run
}

/** Makes images of the latents of a sample stage, shard by shard. */
async function run(stage: DecodeStage, context: StageContext): Promise<StageCost> {
  const { store, inputKey, openModel, signal } = context
  const samplesKey = inputKey(stage.samples)
  const { decoder } = await openModel()
  if (!decoder) throw new EpdError('model-invalid', 'the model has no decoder for its latents')
  const { imageFiles } = await import('./image-files.js')
  await convertShards(context, shardsWith(store, samplesKey, 'samples'), async (artifact, shard, advance) => {
    const latents = Float64Array.from(decodeNpy(store.readArtifact(artifact)).data)
    const bytes = await decodedImages(decoder, latents, { count: shard.seeds.length, signal, onBatch: advance })
    return imageFiles(bytes, decoder.shape, shard.position)
  })
  return { nfe: store.stage(samplesKey)?.nfe ?? undefined, evaluations: 0 }
}
