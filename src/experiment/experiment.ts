import type { ExecutionSpec } from '../executors/execution-keys.js'
import type { CheckpointModelSpec } from '../models/checkpoint-keys.js'
import type { CommandModelSpec } from '../models/command-keys.js'
import type { OnnxModelSpec } from '../models/onnx-keys.js'
import type { PredictorRecord } from '../predictors/record.js'
import type { StageBase } from '../stages/kind.js'
import type { Stage } from '../stages/registry.js'
import type { Plugin } from './plugins.js'
import type { PromptsSpec } from './prompts-keys.js'

/** A spec, validated, with every default and every reference resolved. */
export interface Experiment<S extends StageBase = Stage> {
  readonly name: string
  readonly description: string
  /** Absolute path of the spec. */
  readonly file: string
  /** The YAML as it was read. */
  readonly text: string
  /** What was put into the spec: `path=value` each. */
  readonly overrides: readonly string[]
  readonly model: ModelSpec
  /** The solvers that modules beside the spec bring; absent where there are none. */
  readonly plugins?: readonly Plugin[]
  /** Seed i gets prompt i, from the first again when they are used up. */
  readonly prompts?: PromptsSpec
  /** Where stages are computed, if the spec says so. No result depends on it. */
  readonly execution?: ExecutionSpec
  /** The predictors that it names, by their names, as they were found. */
  readonly predictors?: ReadonlyMap<string, PredictorRecord>
  /** The stages, each after those that it names. */
  readonly stages: readonly S[]
  /** Whether predictors may be used otherwise than they were distilled for. */
  readonly allowMismatch: boolean
  /** What is allowed and worth knowing, each with its place in the spec. */
  readonly warnings: readonly string[]
}

/** An experiment whose stages may be of any kinds. */
export type AnyExperiment = Experiment<StageBase>

/** A pretrained model: a checkpoint, an ONNX file, or a program. Files are absolute paths, or addresses. */
export type ModelSpec = CheckpointModelSpec | OnnxModelSpec | CommandModelSpec
