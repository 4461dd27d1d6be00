import type { RunnerChoice } from '../engines/registry.js'
import type { Decoder } from '../models/decoder.js'
import type { Denoiser } from '../models/denoiser.js'
import { SIMPLEST_BASE } from '../solvers/methods.js'
import type { RangedModel } from '../solvers/range.js'
import type { Solvers } from '../solvers/registry.js'
import type { ScheduleSpec, SolverChoice, SolverSpec } from '../solvers/spec.js'
import type { IterationRow } from '../store/store.js'
import type { FindStage, StageBase } from './base.js'
import type { StageSpec } from './spec.js'
import type { CheckContext, Cost, StageContext, StageCost } from './stage.js'

export type { Cost, FindStage, StageBase }

/** What is around a stage: the other stages, and the solvers that a spec may name. */
export interface Around {
  readonly find: FindStage
  readonly solvers: Solvers
}

/** What a stage's result depends on. The version of its kind and the model are part of its key besides. */
export interface Identity {
  /** Resolved parameters, without what changes no bit of the result (names, batch, how images are written). */
  readonly params: Readonly<Record<string, unknown>>
  /** What the surroundings add to the parameters: prompts of seeds, the decoder that a loss looks through. */
  readonly besides?: Readonly<Record<string, unknown>>
  /** Names of the stages that it reads, in a fixed order. */
  readonly inputs: readonly string[]
  /** Whether it reads the images of sample stages, which for latent models are those of other stages. */
  readonly readsImages?: true
  readonly evaluatesModel: boolean
  /** The most samples that the model is given at once; the driver's own number unless a stage says otherwise. */
  readonly batch?: number
  /** Files that it reads, by their paths or addresses. */
  readonly assets?: readonly string[]
}

/** What a run adds to a stage's own parameters. */
export interface Surroundings {
  readonly decoder?: DecoderMark
  /** Where networks that look at images run; by default on the CPU. */
  readonly runner?: RunnerChoice
  /** The prompts of seeds, for a model that reads them. */
  readonly promptsOf?: (seeds: readonly number[]) => readonly string[]
}

/**
 * What tells a decoder from another: SHA-256 of its graph and weights, what latents are divided by, and what runs it.
 */
export type DecoderMark = Pick<Decoder, 'digest' | 'scale' | 'engine'>

/** Makes paths that a spec gives absolute. `key` is the key of the stage that holds the location. */
export interface Locator {
  /** A file: what is neither an address nor in a repository starts from the spec's folder. */
  readonly file: (location: string) => string
  /** A folder that no path leads to, and that is written as a repository's name is, becomes that repository. */
  readonly folder: (location: string, key: string) => string
}

/** The time points on which a stage evaluates the model. */
export interface StageTimePoints<S extends StageBase> {
  /** The stage's schedule. */
  schedule(stage: S): ScheduleSpec
  /** The stage with its schedule changed, such as with the ends that its model gives. */
  changed(stage: S, change: (schedule: ScheduleSpec) => ScheduleSpec): S
  /** What is compared once the model has given all time points that were left out. @throws EpdError `spec-invalid` */
  compared?(stage: S, around: Around, change: (schedule: ScheduleSpec) => ScheduleSpec): Mismatch<S> | undefined
}

/** How a stage uses a predictor otherwise than it was distilled for, in words, and the stage that knows of it. */
export interface Mismatch<S extends StageBase> {
  readonly message: string
  readonly stage: S
}

/** What is to be known of a model to tell whether stages can be run on it. */
export type KnownModel = RangedModel &
  Pick<Denoiser, 'shape' | 'labelDim' | 'features' | 'bounded'> & { readonly digest: string }

/** Images that people are shown: an overview under this name, and each as a file of its own if the spec asks for it. */
export interface Pictures {
  readonly name: string
  readonly each: boolean
}

/**
 * All that the program knows of a kind of stage; `registry.ts` lists them. Methods take the stages of their own kind,
 * which the registry sees to.
 */
export interface StageKind<S extends StageBase = StageBase> {
  readonly kind: S['kind']
  /** It is raised whenever the same parameters lead to another result. */
  readonly version: number
  /** How specs write it; a kind without one is only derived from others. */
  readonly spec?: StageSpec<S>
  /** Names of the stages whose results it needs, in a fixed order. */
  inputs(stage: S): readonly string[]
  /** The stage with another name for itself and for each stage that it names. */
  renamed(stage: S, rename: (name: string) => string): S
  /** The stage with absolute paths in place of those from the spec's folder. */
  located?(stage: S, at: Locator): S
  /** All that names its result beside kind, version and model. */
  identity(stage: S, surroundings: Surroundings): Identity
  /** The evaluations that the stage takes, without a run. */
  cost(stage: S, around: Around): Cost
  /** The stage in a few words. */
  summary(stage: S): string
  /** The stages that are made for it: before the model is open those of the spec, then those that the model needs. */
  derived?(stage: S, find: FindStage, model?: { readonly decoder?: DecoderMark }): readonly StageBase[]
  /** The solver that it runs, if it runs one. */
  solver?(stage: S): SolverChoice
  readonly timePoints?: StageTimePoints<S>
  /**
   * Whether its solver and predictor can be used with the model; in words, how the model differs from the predictor's
   * own.
   * @throws EpdError `spec-invalid`
   */
  fit?(stage: S, model: KnownModel, solvers: Solvers): string | undefined
  /**
   * Finds what would let it fail only once it runs, after others have been paid for: that a file which it reads does
   * not hold what is needed, or that the model's images are not what it looks at.
   * @throws EpdError
   */
  check?(stage: S, context: CheckContext): Promise<void>
  /** How many shards it has, each of which can be computed without the others; absent where it is computed whole. */
  shards?(stage: S, find: FindStage): number | undefined
  /** An iteration of it in a line, where it has iterations. */
  iterationWords?(stage: S, row: IterationRow): string
  /** Computes the stage, and puts what it finds into the store as soon as it can be kept. */
  run(stage: S, context: StageContext): Promise<StageCost>
  /** The images that people are shown, if it makes any. */
  pictures?(stage: S): Pictures
}

/** Whether a stage is of a kind. */
export function isOf<S extends StageBase>(kind: StageKind<S>, stage: StageBase | undefined): stage is S {
  return stage?.kind === kind.kind
}

/** A stage's name within its own case of a matrix. */
export function ofCase(name: string): string {
  return name.replace(/@.*/, '')
}

/** A solver in a few words. */
export function solverWords(solver: SolverSpec): string {
  const { points, base } = solver
  const parallel = typeof points === 'number' ? ` K=${points}` : ''
  const on = typeof base === 'string' && base !== SIMPLEST_BASE ? ` on ${base}` : ''
  return `${solver.name}${parallel}${on} at ${solver.nfe} NFE`
}
