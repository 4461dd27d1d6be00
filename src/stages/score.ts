import { decodeNpy } from '../checkpoints/npy.js'
import { EpdError } from '../errors.js'
import { openClip, type Clip } from '../metrics/clip-score.js'
import type { FeatureSpec, FeaturesStage } from './features.js'
import { ofCase, type StageKind } from './kind.js'
import { checkScore } from './score-check.js'
import type { MetricName } from '../spec/experiment.js'
import type { Metric } from '../store/store.js'
import { featureScorer } from './score-features.js'
import { compare, isPaired, pixelDistance, truthOf } from './score-images.js'
import { breathe, naming } from './score-naming.js'
import { shardsWith } from './shards.js'
import type { StageContext, StageCost } from './stage.js'

export interface ScoreStage {
  readonly kind: 'score'
  readonly name: string
  /** Sample stages. */
  readonly samples: readonly string[]
  /**
   * The sample stage whose images of the same seeds are the truth for psnr and rmse; all its images are that for frechet-pixels too, where
   * there is no data set.
   */
  readonly reference?: string
  /** The data set whose statistics are the truth for frechet-pixels. */
  readonly dataset?: { readonly name: 'shapes16'; readonly count: number }
  /** The stages that hold the features of each of the samples, in their order, and of the reference, if they are compared. */
  readonly features?: FeatureSpec & { readonly samples: readonly string[]; readonly reference?: string }
  /** Folder of the CLIPModel that clip-score is measured with: an absolute path. */
  readonly clip?: string
  /** Statistics of the features of real images: an absolute path, or an address. */
  readonly statistics?: string
  /** Equal parts of the seeds that fid is measured on one by one. */
  readonly groups: number
  readonly metrics: readonly MetricName[]
}

export const score: StageKind<ScoreStage> = {
  kind: 'score',
  version: 1,
  inputs: stage => [...new Set(readBy(stage))],
  renamed(stage, rename) {
    const maybe = (name: string | undefined) => (name === undefined ? undefined : rename(name))
    const { name, samples, reference, features } = stage
    return {
      ...stage,
      name: rename(name),
      samples: samples.map(rename),
      reference: maybe(reference),
      features: features && {
        ...features,
        samples: features.samples.map(rename),
        reference: maybe(features.reference)
      }
    }
  },
  located(stage, { file, folder }) {
    const { statistics, features, clip } = stage
    return {
      ...stage,
      statistics: statistics === undefined ? undefined : file(statistics),
      clip: clip === undefined ? undefined : folder(clip, 'clip'),
      features: features && { ...features, weights: file(features.weights) }
    }
  },
  identity(stage) {
    const { samples, reference, dataset, metrics, features, statistics, clip, groups } = stage
    return {
      params: { samples: samples.length, reference: reference !== undefined, dataset, metrics, groups },
      inputs: readBy(stage),
      readsImages: true,
      evaluatesModel: false,
      assets: [features?.weights, statistics, clip].flatMap(location => location ?? [])
    }
  },
  cost: () => ({ evaluations: 0, atMost: false }),
  summary: ({ metrics, samples }) => `${metrics.join(', ')} of ${samples.map(ofCase).join(', ')}`,
  derived({ features, samples, reference }): FeaturesStage[] {
    if (!features) return []
    const { samples: names, reference: truth, weights, preparation } = features
    const made = (name: string, of: string): FeaturesStage => {
      return { kind: 'features', name, samples: of, weights, preparation }
    }
    return [
      ...names.map((name, i) => made(name, samples[i])),
      ...(truth === undefined || reference === undefined ? [] : [made(truth, reference)])
    ]
  },
  check: checkScore,
  run
}

/** Names of all stages that a score reads, once for each place where they stand. */
function readBy({ samples, reference, features }: ScoreStage): string[] {
  const all = [...samples, reference, ...(features?.samples ?? []), features?.reference]
  return all.flatMap(name => name ?? [])
}

/** Scores each set of samples by each metric. No model is evaluated. */
async function run(stage: ScoreStage, context: StageContext): Promise<StageCost> {
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
