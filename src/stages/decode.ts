import { decodeNpy } from '../checkpoints/npy.js'
import { EpdError } from '../errors.js'
import { toUint8 } from '../images/uint8.js'
import type { DecodeStage } from '../spec/experiment.js'
import { shardsWith } from './features.js'
import { imageFiles } from './sample.js'
import type { StageContext, StageCost } from './stage.js'

/** Latents that are decoded at once: their images are far larger than they are. */
const BATCH = 4

/** Makes images of the latents of a sample stage, shard by shard. */
export async function run(stage: DecodeStage, context: StageContext): Promise<StageCost> {
  const { store, key, claim, inputKey, openModel, signal, onProgress } = context
  const samplesKey = inputKey(stage.samples)
  const latents = shardsWith(store, samplesKey, 'samples')
  const done = new Set(store.shards(key).map(({ position }) => position))
  const total = latents.reduce((sum, { shard }) => sum + shard.seeds.length, 0)
  let finished = latents.reduce((sum, { shard }) => sum + (done.has(shard.position) ? shard.seeds.length : 0), 0)
  const { decoder } = await openModel()
  if (!decoder) throw new EpdError('model-invalid', 'the model has no decoder for its latents')
  const [channels, height, width] = decoder.shape
  for (const { shard, artifact } of latents.filter(one => !done.has(one.shard.position))) {
    const { position, seeds } = shard
    const data = Float64Array.from(decodeNpy(store.readArtifact(artifact)).data)
    const size = data.length / seeds.length
    const bytes = new Uint8Array(seeds.length * channels * height * width)
    for (let from = 0; from < seeds.length; from += BATCH) {
      signal.throwIfAborted()
      onProgress({ done: finished, total, unit: 'samples' })
      const count = Math.min(BATCH, seeds.length - from)
      const images = await decoder.decode(data.subarray(from * size, (from + count) * size), count)
      bytes.set(toUint8(Float64Array.from(images), decoder.shape), from * channels * height * width)
      finished += count
    }
    store.putShard(claim, { position, seeds, evaluations: 0, files: imageFiles(bytes, decoder.shape, position) })
  }
  onProgress({ done: total, total, unit: 'samples' })
  return { nfe: store.stage(samplesKey)?.nfe ?? undefined, evaluations: 0 }
}
