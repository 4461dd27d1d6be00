import type {
  FeatureSpec,
  MetricName,
  ModelSpec,
  OptimizerSpec,
  ParadigmsSolver,
  PlainSolver,
  ScheduleSpec,
  StudentSolver
} from './experiment.js'
import type { GeneratorName } from '../random/latents.js'
import type { SeedsText } from './seeds.js'

/** A spec as the schema leaves it: valid, its own defaults put in, nothing resolved yet. */
export interface RawExperiment {
  readonly name: string
  readonly description: string
  readonly model: ModelSpec
  readonly generator: GeneratorName
  readonly solver: RawSolver
  readonly stages: Readonly<Record<string, RawStage>>
}

interface RawGrid {
  readonly nfe?: number
  readonly numSteps?: number
  readonly schedule?: ScheduleSpec
}

export type RawStudent = StudentSolver & RawGrid
export type RawSolver = (PlainSolver | ParadigmsSolver | StudentSolver) & RawGrid

export interface RawTeacher {
  readonly kind: 'teacher'
  readonly solver: PlainSolver
  readonly refine: number
  readonly substeps: number
  readonly seeds: SeedsText
}

export interface RawDistill {
  readonly kind: 'distill'
  readonly teacher: string
  readonly solver?: RawStudent
  readonly validation: SeedsText
  readonly optimizer: OptimizerSpec
  readonly objective: 'final' | 'every'
  readonly features?: FeatureSpec
  readonly start?: 'uniform' | 'normal'
  readonly seed: number
}

export interface RawSample {
  readonly kind: 'sample'
  readonly solver?: RawSolver | string
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
  readonly groups: number
  readonly metrics: readonly MetricName[]
}

export type RawStage = RawTeacher | RawDistill | RawSample | RawScore
