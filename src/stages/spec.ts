import type { MetricDescriptor } from '../metrics/metric.js'
import type { PredictorRecord } from '../predictors/record.js'
import type { GeneratorName } from '../random/latents.js'
import { mappingWithAxes, ref, tagged, type KeySchemas, type Schema } from '../reading/keys.js'
import { at } from '../reading/plain.js'
import type { Path } from '../reading/problem.js'
import type { Seeds } from '../reading/seeds.js'
import type { RawUsed } from '../solvers/read.js'
import type { Reuse } from '../solvers/reuse.js'
import type { SolverSpec } from '../solvers/spec.js'
import type { FindStage, StageBase } from './base.js'

/** How specs write stages of a kind. Methods take what the schema of the same kind has passed. */
export interface StageSpec<S extends StageBase = StageBase, Raw = unknown> {
  /** One sentence: what such a stage does. */
  readonly description: string
  readonly keys: KeySchemas
  /** Keys that hold seeds. They are looked at whatever is wrong around them. */
  readonly seeds: readonly string[]
  /** The key that holds a solver with time points of its own, which is looked at whatever is wrong around it. */
  readonly ownSolver?: string
  /** The stages that a stage as it is written names, whatever else is wrong with it. */
  references(written: unknown): readonly Reference[]
  /** The stage with all defaults and references resolved; undefined where something that it needs is wrong. */
  resolve(raw: Raw, context: ResolveContext): S | undefined
}

/** A stage's name in another stage. */
export interface Reference {
  /** Keys from the stage that names the other. */
  readonly path: Path
  readonly to: string
  /** The kind that the named stage must be of. */
  readonly kind: string
}

/** What a stage is resolved with. */
export interface ResolveContext extends Reuse {
  /** Its name, and where it stands in the spec. */
  readonly name: string
  readonly path: Path
  /** The stages before it that are sound. */
  readonly find: FindStage
  /** The seeds under one of its keys, if they are sound. */
  readonly seeds: (key: string) => Seeds | undefined
  /** The solver under its key `ownSolver`, if it is sound and is not taken from a distill stage. */
  readonly chosen?: Chosen
  /** The top-level solver, if it is sound. */
  readonly studied?: Chosen
  readonly generator: GeneratorName
  /** Whether the spec has prompts, whatever they are. */
  readonly prompted: boolean
  /** The metrics that a score stage may name. */
  readonly metrics: readonly MetricDescriptor[]
}

/** A solver, with the predictor that it comes with. */
export interface Chosen {
  readonly solver: SolverSpec
  /** What a solver that is learned as a table starts from: another solver, or the student of a distill stage. */
  readonly start?: Chosen | RawUsed
  readonly predictor?: PredictorRecord
  /** Whether it is not what the predictor was distilled for. */
  readonly mismatched?: true
}

export const STAGE_NAME = ref<string>('stageName')

/** The name at a path of a written stage, as a reference to a stage of a kind. */
export function reference(written: unknown, path: Path, kind: string): Reference[] {
  const name = at(written, path)
  return typeof name === 'string' ? [{ path, to: name, kind }] : []
}

const PREDICTOR = 'predictor:'

/** The predictor that `from` names, if it does not name a stage. */
export function predictorIn(from: string): string | undefined {
  return from.startsWith(PREDICTOR) ? from.slice(PREDICTOR.length) : undefined
}

/** The schema of the stages of a kind. */
export function stageDefinition(kind: string, { description, keys }: StageSpec): Schema {
  return {
    title: `${kind} stage`,
    description,
    ...mappingWithAxes({ kind: tagged(kind, description), ...keys })
  }
}
