import { EpdError } from '../errors.js'
import type { MetricDescriptor } from '../metrics/metric.js'
import type { Shape } from '../models/denoiser.js'
import type { Model } from '../models/model.js'
import type { Solvers } from '../solvers/registry.js'
import type { Claim, WritableStore } from '../store/store.js'

/** What is known before the first stage runs. */
export interface CheckContext {
  readonly model: Pick<Model, 'shape' | 'labelDim' | 'decoder' | 'runner'>
  /** Where a file is that the spec names by a path or an address. */
  readonly assetPath: (location: string) => string
  /** Folder of compiled graphs. */
  readonly cacheDir: string
  /** The metrics that score stages may name; by default METRICS. */
  readonly metrics?: readonly MetricDescriptor[]
  readonly signal: AbortSignal
  /** Does what has this name, unless that was done for another stage. */
  readonly once: (name: string, work: () => Promise<void>) => Promise<void>
}

/** The size of the images that a model's samples are, or that are made of them. */
export function imageShape({ shape, decoder }: Pick<Model, 'shape' | 'decoder'>): Shape {
  return decoder?.shape ?? shape
}

/** @throws EpdError `model-invalid` if the images are neither gray nor coloured; `who` looks at them. */
export function expectColours(shape: Shape, stage: string, who: string): void {
  if (shape[0] === 1 || shape[0] === 3) return
  throw new EpdError(
    'model-invalid',
    `stage "${stage}": ${who} looks at images of 1 or 3 channels, and this model's have ${shape[0]}; leave it out`
  )
}

/** @throws EpdError `model-invalid` if the model has no classes; `who` looks at those that samples were asked for. */
export function expectClasses({ labelDim }: Pick<Model, 'labelDim'>, stage: string, who: string): void {
  if (labelDim > 0) return
  throw new EpdError(
    'model-invalid',
    `stage "${stage}": ${who} looks whether samples are of the class that they were asked for, and this model has no classes; leave it out`
  )
}

/** How far a stage has come, for the screen. */
export interface Progress {
  readonly done: number
  readonly total: number
  readonly unit: 'evaluations' | 'iterations' | 'samples'
  /** Whether the stage may end before `done` has come to `total`. */
  readonly atMost?: boolean
  /** Seeds whose results are in the store. */
  readonly stored?: number
  /** The newest line worth reading. */
  readonly note?: string
}

/** What a stage will cost in evaluations of the model, all samples together. */
export interface Cost {
  readonly evaluations: number
  /** Whether it may be less, which only the run can tell. */
  readonly atMost: boolean
}

/** What a stage is run with. */
export interface StageContext {
  /** The solvers that a spec may name. */
  readonly solvers: Solvers
  /** What the stage will cost from its beginning to its end, as `StageKind.cost` says, each NFE of guidance counted. */
  readonly expected: Cost
  readonly store: WritableStore
  /** The stage's own key, and this process's hold on it. */
  readonly key: string
  readonly claim: Claim
  /** The key of a stage that this one names. */
  readonly inputKey: (name: string) => string
  /**
   * The key of the stage that holds a sample stage's images: its own key, or that of the stage that decodes its
   * latents.
   */
  readonly imagesKey: (name: string) => string
  /** The prompts of seeds, for a model that reads them. */
  readonly promptsOf?: (seeds: readonly number[]) => readonly string[]
  /** Whether a shard is to be computed, where it is not in the store; default: each. */
  readonly isWanted?: (position: number) => boolean
  /** Where a file is that the spec names by a path or an address. */
  readonly assetPath: (location: string) => string
  /** The SHA-256 of that file. */
  readonly assetDigest: (location: string) => string
  /** Folder of compiled graphs. */
  readonly cacheDir: string
  /** Where networks that look at images run: where the model does; by default on the CPU. */
  readonly runner?: Model['runner']
  /** Told of a file of the cache that is damaged and made anew. */
  readonly onNote?: (message: string) => void
  /** The metrics that score stages may name; by default METRICS. */
  readonly metrics?: readonly MetricDescriptor[]
  /** Opened at first use, closed by whoever runs the stages. */
  readonly openModel: () => Promise<Model>
  readonly signal: AbortSignal
  /** Told of how far the stage has come. */
  readonly onProgress: (progress: Progress) => void
}

/** What a stage has cost, as the driver counted it. */
export interface StageCost {
  /** Parallel NFE of one sample. */
  readonly nfe?: number
  /** Evaluations of the model, all samples together. */
  readonly evaluations: number
}
