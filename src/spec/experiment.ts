import type { InceptionInput } from '../networks/inception-v3.js'
import type { GeneratorName } from '../random/latents.js'
import type { EngineOptions, Precision, Runner } from '../engines/provider.js'
import type { Shape } from '../models/denoiser.js'
import type { PartsOptions } from '../models/layout.js'
import type { CommandModelOptions } from '../models/command.js'
import type { ClipDenoised } from '../models/model.js'
import type { Rounding } from '../models/parametrisation.js'
import type { OnnxModelOptions } from '../models/onnx.js'
import type { Learned } from '../solvers/learned.js'
import type { GridSpec, PlainSolver, SolverSpec, StudentSpec } from '../solvers/spec.js'

export type * from '../solvers/spec.js'

/** A spec, validated, with every default and every reference resolved. */
export interface Experiment {
  readonly name: string
  readonly description: string
  /** Absolute path of the spec. */
  readonly file: string
  /** The YAML as it was read. */
  readonly text: string
  /** What --set gave: `path=value` each. */
  readonly overrides: readonly string[]
  readonly model: ModelSpec
  /** Seed i gets prompt i, from the first again when they are used up. */
  readonly prompts?: PromptsSpec
  /** In an order in which each stage comes after those that it names. */
  readonly stages: readonly Stage[]
  /** Whether predictors may be used otherwise than they were distilled for. */
  readonly allowMismatch: boolean
  /** Where they are. */
  readonly warnings: readonly string[]
}

/** A pretrained model: a checkpoint, an ONNX file, or a program. Files are absolute paths, or addresses. */
export type ModelSpec = CheckpointModelSpec | OnnxModelSpec | CommandModelSpec

interface EngineSpec {
  readonly engine: 'auto' | 'onnx' | 'tfjs'
  readonly provider?: Runner['provider']
  readonly precision: Precision
  /** GPUs between which each batch is split. */
  readonly devices?: readonly number[]
}

export interface CheckpointModelSpec extends EngineSpec, PartsOptions {
  readonly checkpoint: string
  readonly rounding?: Rounding
  readonly clipDenoised?: ClipDenoised
  /** By a classifier's gradient, or without one away from the prompt `negative`. */
  readonly guidance?: { readonly classifier?: string; readonly scale: number; readonly negative: string }
}

export type OnnxModelSpec = EngineSpec & Omit<OnnxModelOptions, keyof EngineOptions | 'threads' | 'onNote'>

export type CommandModelSpec = Omit<CommandModelOptions, 'version' | 'cwd' | 'signal' | 'onNote'> & {
  readonly version: string | number
}

/** Prompts by themselves, or a column of a CSV file (an absolute path, or an address). */
export type PromptsSpec = readonly string[] | { readonly csv: string; readonly column: string }

export type OptimizerSpec =
  | { readonly name: 'levenberg-marquardt'; readonly iterations: number; readonly finalIterations: number }
  | {
      readonly name: 'adam'
      readonly lr: number
      readonly betas: readonly [number, number]
      readonly batch: number
      readonly trajectories: number
    }

export interface TeacherStage {
  readonly kind: 'teacher'
  readonly name: string
  readonly solver: PlainSolver
  readonly refine: number
  readonly substeps: number
  readonly seeds: readonly number[]
  readonly generator: GeneratorName
  /** The grid of the student, which the teacher refines. */
  readonly grid: GridSpec
}

export interface DistillStage {
  readonly kind: 'distill'
  readonly name: string
  readonly student: StudentSpec
  /** The teacher stage whose trajectories are learned from. */
  readonly teacher: string
  /** The teacher stage, made for the purpose (`<name>.validation`), whose trajectories are only looked at. */
  readonly validation: string
  readonly optimizer: OptimizerSpec
  readonly objective: 'final' | 'every'
  /** Whether the student's interior time points are learned too. */
  readonly learnSigmas: boolean
  /** The network whose features of final images the loss compares; without it, pixels. */
  readonly features?: FeatureSpec
  readonly start: 'uniform' | 'normal'
  readonly seed: number
}

export interface SampleStage {
  readonly kind: 'sample'
  readonly name: string
  readonly solver: SolverSpec
  /** The distill stage whose predictor, network or time points the solver takes. */
  readonly from?: string
  /** Where no stage has, the predictor that the solver takes. */
  readonly predictor?: PredictorRecord
  /** Whether it is on other time points than those that it was distilled for. */
  readonly mismatched?: true
  readonly seeds: readonly number[]
  readonly generator: GeneratorName
  /** The most samples that the model is given at once. */
  readonly batch: number
  /** Whether each image is also written as a PNG of its own. */
  readonly images: boolean
}

/** What was learned, with the solver and the model that it was learned for: what import reads and export writes. */
export interface PredictorRecord {
  readonly name: string
  readonly solver: StudentSpec
  readonly learned: Learned
  readonly model: ModelMark
  /** FID that was published for it. */
  readonly fid?: number
}

/** What is known of a model, to tell it from another. */
export interface ModelMark {
  readonly dataset?: string
  readonly shape?: Shape
  readonly labelDim?: number
  /** SHA-256 over graph, weights and preconditioning. */
  readonly digest?: string
}

/** Inception-v3, by where its weights are (an absolute path, or an address) and how images become its input. */
export interface FeatureSpec {
  readonly weights: string
  readonly preparation: InceptionInput
}

/** Made for a sample stage of latents (`<samples>.decoded`): their images. */
export interface DecodeStage {
  readonly kind: 'decode'
  readonly name: string
  readonly samples: string
  /** Whether each image is also written as a PNG of its own. */
  readonly images: boolean
  /** SHA-256 of the decoder, what latents are divided by, and what runs it. */
  readonly decoder: { readonly digest: string; readonly scale: number; readonly engine: string }
}

/** Made for a score stage that compares features (`<score>.<samples>`). */
export interface FeaturesStage extends FeatureSpec {
  readonly kind: 'features'
  readonly name: string
  /** The sample stage whose images are looked at. */
  readonly samples: string
}

export type MetricName = FeatureMetric | 'clip-score' | 'frechet-pixels' | 'psnr' | 'rmse'

/** Metrics of Inception's features. */
export type FeatureMetric = 'fid' | 'kid' | 'precision' | 'recall'

export interface ScoreStage {
  readonly kind: 'score'
  readonly name: string
  /** Sample stages. */
  readonly samples: readonly string[]
  /** The sample stage whose images of the same seeds are the truth for psnr and rmse; for frechet-pixels too, all its images, where there is no data set. */
  readonly reference?: string
  /** The data set whose statistics are the truth for frechet-pixels. */
  readonly dataset?: { readonly name: 'shapes16'; readonly count: number }
  /** The stages that hold the features of each of the samples, in their order, and of the reference, if they are compared. */
  readonly features?: FeatureSpec & { readonly samples: readonly string[]; readonly reference?: string }
  /** Folder of the CLIPModel that clip-score is measured with: an absolute path. */
  readonly clip?: string
  /** Of the features of real images: an absolute path, or an address. */
  readonly statistics?: string
  /** Equal parts of the seeds that fid is measured on one by one. */
  readonly groups: number
  readonly metrics: readonly MetricName[]
}

export type Stage = TeacherStage | DistillStage | SampleStage | DecodeStage | FeaturesStage | ScoreStage

export type StageKind = Stage['kind']
