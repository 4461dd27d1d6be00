import type { RunnerChoice } from '../engines/registry.js'
import type { Picture } from '../images/resize.js'
import type { Shape } from '../models/denoiser.js'
import type { FeatureSpec } from './feature-network.js'
import type { Features } from './features.js'

/**
 * All that a spec, the store, comparisons and tables have to know of a metric, and how it is computed. A metric is one
 * file that exports one of these, and its line in registry.ts. The file imports what is slow to load where it is used,
 * since `--help` loads it too.
 */
export interface MetricDescriptor {
  /** The name in specs, the store and tables: lower-case letters, digits and dashes. */
  readonly name: string
  /** What is measured, in a few words, without an article and a full stop. */
  readonly title: string
  /** Whether the larger of two values is the better one. */
  readonly moreIsBetter: boolean
  /** How tables for papers print a value. */
  readonly digits: Digits
  readonly needs: MetricNeeds
  /** The keys of the score stage that change what is measured, and that have a default. */
  readonly options?: readonly MetricOption[]
  /** Whether equal images lead to an infinite value, which is no score. */
  readonly infiniteForEqual?: true
  /**
   * What its value depends on beside the metric's name and the options that a spec gives, such as the digest of a file
   * that comes with the project: it is part of the stage's key. Undefined where there is nothing.
   */
  readonly marks?: (options: Pick<MetricOptions, 'statistics'>) => Readonly<Record<string, unknown>> | undefined
  /**
   * Finds before the first stage runs what would let the metric fail once it is computed: for example, that a file does
   * not hold what is needed. What `needs` says is checked already.
   * @throws EpdError
   */
  readonly check?: (check: MetricCheck) => Promise<void>
  /** What it measures of one sample against the reference's of the same seed, where it measures sample by sample. */
  readonly pair?: PairMeasure
  /** Scores the samples of one stage. @throws EpdError `score-undefined` if they have no score, and says why */
  readonly score: (context: MetricContext) => Promise<Measured>
}

/** Measures a sample against the truth; both hold values of about -1 to 1. */
export type PairMeasure = (sample: Float64Array, truth: Float64Array) => number

/** So many digits after the point, or so many in all. */
export type Digits = { readonly decimals: number } | { readonly significant: number }

/** A key of a score stage that a metric may not do without. */
export type MetricNeed = 'reference' | 'features' | 'statistics' | 'clip' | 'dataset'

/** A key of a score stage that changes what a metric measures, and that has a default. */
export type MetricOption = 'groups'

/** What must be there for a metric. It is checked when a spec is read, where it can be. */
export interface MetricNeeds {
  /** Keys of the score stage, each of which must be there. */
  readonly keys?: readonly MetricNeed[]
  /**
   * Keys of the score stage of which one must be there. The first that is there is what the samples are compared with.
   */
  readonly oneOf?: readonly MetricNeed[]
  /** Whether images are compared with the reference's of the same seeds. */
  readonly pairs?: true
  /** Whether the spec must have prompts. */
  readonly prompts?: true
  /** The network whose features it compares, by its name; without one, any that the spec names. */
  readonly network?: string
  /** Whether the model must have classes, by which samples are asked for. */
  readonly classes?: true
  /** Whether images must have 1 or 3 channels. Metrics of features need not say so. */
  readonly colours?: true
  /** The fewest images of either side; with the option `groups`, of each group. */
  readonly images?: number
}

/** The keys of a score stage that metrics read. */
export interface MetricOptions {
  /** The sample stage whose images are the truth. */
  readonly reference?: string
  /** The network whose features are compared. */
  readonly features?: FeatureSpec
  /** Mean and covariance of the features of real images: an absolute path, or an address. */
  readonly statistics?: string
  /** Folder of a CLIPModel: an absolute path, or an address. */
  readonly clip?: string
  /** The data set whose first images are the truth. */
  readonly dataset?: { readonly name: 'shapes16'; readonly count: number }
  /** Equal parts of the seeds that are measured one by one. */
  readonly groups: number
}

/** What is known of a score stage before the first stage runs. */
export interface MetricCheck {
  /** The name of the score stage. */
  readonly stage: string
  readonly options: MetricOptions
  /** The size of the images that are to be scored. */
  readonly shape: Shape
  /** The number of the model's classes; 0 where it has none. */
  readonly labelDim: number
  /** Where a file is that the spec names by a path or an address. */
  readonly assetPath: (location: string) => string
  /** Folder of compiled graphs. */
  readonly cacheDir: string
  /** Where networks that look at images run: where the model does; by default on the CPU. */
  readonly runner?: RunnerChoice
  readonly signal: AbortSignal
  /** Does what has this name, unless that was done for another stage. */
  readonly once: (name: string, work: () => Promise<void>) => Promise<void>
}

/** What a score is computed from. All metrics of the same samples in a score stage are given the same object. */
export interface MetricContext {
  readonly samples: SampleSet
  readonly stage: ScoreContext
}

/** What the scores of all samples of a score stage have in common. They are given the same object. */
export interface ScoreContext {
  readonly options: MetricOptions
  /** The images of the stage that `options.reference` names. */
  readonly reference?: SampleSet
  /** The prompts of seeds, for a model that reads them. */
  readonly promptsOf?: (seeds: readonly number[]) => readonly string[]
  /** Where a file is that the spec names by a path or an address. */
  readonly assetPath: (location: string) => string
  /** The SHA-256 of that file. */
  readonly assetDigest: (location: string) => string
  /** Folder of compiled graphs. */
  readonly cacheDir: string
  /** Where networks that look at images run: where the model does; by default on the CPU. */
  readonly runner?: RunnerChoice
  readonly signal: AbortSignal
  /** Told of a file of the cache that is damaged and made anew. */
  readonly onNote?: (message: string) => void
  /** Told of how far work has come that goes on for long, in images. */
  readonly onProgress: (done: number, total: number, note: string) => void
  /** Has something closed when the stage has ended, however it has. */
  readonly atEnd: (close: () => Promise<void>) => void
}

/**
 * What a sample stage has left, read from the store a shard at a time. Between two shards signals, timers and the
 * screen have their turn, and an aborted signal ends the reading.
 */
export interface SampleSet {
  /** The name of the sample stage. */
  readonly name: string
  /** The seeds are in the order of the samples. */
  readonly seeds: readonly number[]
  /**
   * The samples as the solver left them, about -1 to 1; of latents, the images that they were decoded to.
   * @throws EpdError `score-undefined` where a value is no finite number
   */
  values(): AsyncIterable<ValueShard>
  /** The images as they are shown. */
  pictures(): AsyncIterable<PictureShard>
  /** The class that each sample was asked for, in the order of the seeds, for a metric that needs `classes`. */
  classes(): Promise<Int32Array>
  /** The features of the images in a range, by default of all, for a metric that needs `features`. */
  features(range?: ImageRange): AsyncIterable<Features>
}

/** Samples of some seeds, in the order of the seeds. */
export interface ValueShard {
  readonly seeds: readonly number[]
  /** [count, size] */
  readonly values: Float64Array
  /** Values of one sample. */
  readonly size: number
}

/** Images of some seeds, in the order of the seeds. */
export interface PictureShard {
  readonly seeds: readonly number[]
  readonly pictures: readonly Picture[]
}

/** Places of images: from `from` up to, but not, `to`. */
export interface ImageRange {
  readonly from: number
  readonly to: number
}

/** A score, with what it rests on. */
export interface Measured {
  readonly value: number
  /** Images that it rests on. */
  readonly count: number
  /** The seeds of these images, where they are worth a note. */
  readonly seeds?: readonly number[]
  /** What was compared, by which network, and what else is to be known of the value. */
  readonly details: object
}

/**
 * A value that a metric needs, which is there once its needs are checked.
 * @throws RangeError where its needs do not name the key
 */
export function needed<Value>(value: Value | undefined, key: MetricNeed): Value {
  if (value !== undefined) return value
  throw new RangeError(`the score stage has no ${key}; a metric that reads it says so in its needs`)
}

/** Work that is done once for each object that it is done for, and shared by all who ask for it. */
export function oncePer<Of extends object, Result>(work: (of: Of) => Promise<Result>): (of: Of) => Promise<Result> {
  const results = new WeakMap<Of, Promise<Result>>()
  return of => {
    const result = results.get(of) ?? work(of)
    results.set(of, result)
    return result
  }
}
