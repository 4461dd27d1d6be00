import type {
  FeatureSpec,
  MetricName,
  ModelSpec,
  OptimizerSpec,
  PromptsSpec,
  ExplicitSchedule,
  SolverChoice,
  SpacedSchedule
} from './experiment.js'
import type { NoiseScale } from '../solvers/schedule.js'
import type { GeneratorName } from '../random/latents.js'
import type { SeedsText } from './seeds.js'

/** A spec as the schema leaves it: valid, its own defaults put in, nothing resolved yet. */
export interface RawExperiment {
  readonly name: string
  readonly description: string
  readonly model: ModelSpec
  readonly prompts?: PromptsSpec
  readonly generator: GeneratorName
  readonly solver: RawSolver | RawUsed
  readonly stages: Readonly<Record<string, RawStage>>
}

interface RawGrid {
  readonly nfe?: number
  readonly numSteps?: number
  readonly schedule?: RawSchedule
}

/** With the options that are as they are by default, too. */
export type RawSchedule = RawSpaced | RawExplicit

interface RawOptions {
  readonly finalSigma?: 'sigma-min' | 'zero'
  readonly noiseScale?: NoiseScale
}

export interface RawSpaced extends Omit<SpacedSchedule, keyof RawOptions | 'precision'>, RawOptions {
  readonly precision?: 'float64' | 'float32'
}

export interface RawExplicit extends Omit<ExplicitSchedule, keyof RawOptions>, RawOptions {}

export interface RawSolver extends SolverChoice, RawGrid {}

/** A predictor in use, as `predictor:NAME`, or a distill stage by its name. */
export interface RawUsed extends RawGrid {
  readonly from: string
}

/** Whose defaults depend on the student. */
export type RawOptimizer = {
  [Name in OptimizerSpec['name']]: Defaulted<Extract<OptimizerSpec, { name: Name }>>
}[OptimizerSpec['name']]
type Defaulted<O> = Omit<O, 'lr' | 'finalIterations'> & { readonly lr?: number; readonly finalIterations?: number }

export interface RawTeacher {
  readonly kind: 'teacher'
  readonly solver: SolverChoice
  readonly refine: number
  readonly substeps: number
  readonly seeds: SeedsText
}

export interface RawDistill {
  readonly kind: 'distill'
  readonly teacher: string
  readonly solver?: RawSolver
  readonly learnSigmas: boolean
  readonly validation: SeedsText
  readonly optimizer?: RawOptimizer
  readonly objective: 'final' | 'every'
  readonly features?: FeatureSpec
  readonly start?: 'uniform' | 'normal'
  readonly seed: number
}

export interface RawSample {
  readonly kind: 'sample'
  readonly solver?: RawSolver | RawUsed | string
  readonly seeds: SeedsText
  readonly batch: number
  readonly images: boolean
}

export interface RawScore {
  readonly kind: 'score'
  readonly samples: readonly string[]
  readonly reference?: string
  readonly dataset?: { readonly name: 'shapes16'; readonly count: number }
  readonly features?: FeatureSpec
  readonly statistics?: string
  readonly clip?: string
  readonly groups: number
  readonly metrics: readonly MetricName[]
}

export type RawStage = RawTeacher | RawDistill | RawSample | RawScore
