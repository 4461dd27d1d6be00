import { decodeNpy } from '../checkpoints/npy.js'
import { EpdError } from '../errors.js'
import { openClip, type Clip } from '../metrics/clip-score.js'
import type { ScoreStage } from '../spec/experiment.js'
import type { Metric } from '../store/store.js'
import { featureScorer } from './score-features.js'
import { compare, isPaired, pixelDistance, truthOf } from './score-images.js'
import { breathe, naming } from './score-naming.js'
import { shardsWith } from './shards.js'
import type { StageContext, StageCost } from './stage.js'

/** Scores each set of samples by each metric. No model is evaluated. */
export async function run(stage: ScoreStage, context: StageContext): Promise<StageCost> {
  const { store, inputKey, imagesKey, claim, onProgress } = context
  const total = stage.samples.length
  const pixels = stage.metrics.includes('frechet-pixels') ? await truthOf(stage, context) : undefined
  const scoreFeatures = stage.features && (await featureScorer(stage, stage.features, context))
  const clip = stage.metrics.includes('clip-score') ? await clipOf(stage, context) : undefined
  const all: Metric[] = []
  try {
    for (const [done, name] of stage.samples.entries()) {
      onProgress({ done, total, unit: 'samples', note: name })
      const samplesKey = inputKey(name)
      if (scoreFeatures) all.push(...(await scoreFeatures(done, samplesKey)))
      if (pixels) all.push(await pixelDistance(pixels, name, context))
      if (clip) all.push(await naming('clip-score', name, () => clipScore(clip, samplesKey, imagesKey(name), context)))
      const compared = stage.metrics.filter(isPaired)
      if (compared.length > 0 && stage.reference !== undefined)
        all.push(...(await compare(name, stage.reference, compared, context)))
    }
  } finally {
    await clip?.close()
  }
  store.putMetrics(claim, all)
  onProgress({ done: total, total, unit: 'samples' })
  return { evaluations: 0 }
}

function clipOf({ clip }: ScoreStage, { assetPath, cacheDir, promptsOf, onNote, signal }: StageContext): Promise<Clip> {
  if (clip === undefined || !promptsOf)
    throw new EpdError('spec-invalid', 'clip-score needs prompts, and the folder of a CLIPModel under clip')
  return openClip({ folder: assetPath(clip), cacheDir, onNote, signal })
}

/** The mean over all images of a sample stage. */
async function clipScore(
  clip: Clip,
  samplesKey: string,
  imagesKey: string,
  { store, promptsOf, signal }: StageContext
): Promise<Metric> {
  let [sum, count] = [0, 0]
  for (const { shard, artifact } of shardsWith(store, imagesKey, 'images')) {
    await breathe(signal)
    const { shape, data } = decodeNpy(store.readArtifact(artifact))
    const [, height, width, channels] = shape
    const size = height * width * channels
    const images = shard.seeds.map((_, i) => {
      return { height, width, channels, data: Uint8Array.from(data.subarray(i * size, (i + 1) * size)) }
    })
    const scores = await clip.scores(images, promptsOf?.(shard.seeds) ?? [])
    sum += scores.reduce((all, score) => all + score, 0)
    count += scores.length
  }
  return {
    samplesKey,
    name: 'clip-score',
    value: sum / count,
    count,
    details: { network: { name: 'clip', digest: clip.digest } }
  }
}
