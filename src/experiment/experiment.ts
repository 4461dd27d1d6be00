import type { EngineOptions, Precision, Runner } from '../engines/provider.js'
import type { PartsOptions } from '../models/parts.js'
import type { CommandModelOptions } from '../models/command.js'
import type { ClipDenoised } from '../models/clipped.js'
import type { Rounding } from '../models/parametrisation.js'
import type { OnnxModelOptions } from '../models/onnx.js'
import type { Plugin } from './plugins.js'
import type { StageBase } from '../stages/kind.js'
import type { Stage } from '../stages/registry.js'

/** A spec, validated, with every default and every reference resolved. */
export interface Experiment<S extends StageBase = Stage> {
  readonly name: string
  readonly description: string
  /** Absolute path of the spec. */
  readonly file: string
  /** The YAML as it was read. */
  readonly text: string
  /** What --set gave: `path=value` each. */
  readonly overrides: readonly string[]
  readonly model: ModelSpec
  /** The solvers that modules beside the spec bring; absent where there are none. */
  readonly plugins?: readonly Plugin[]
  /** Seed i gets prompt i, from the first again when they are used up. */
  readonly prompts?: PromptsSpec
  /** In an order in which each stage comes after those that it names. */
  readonly stages: readonly S[]
  /** Whether predictors may be used otherwise than they were distilled for. */
  readonly allowMismatch: boolean
  /** Where they are. */
  readonly warnings: readonly string[]
}

/** An experiment whose stages may be of any kinds. */
export type AnyExperiment = Experiment<StageBase>

/** A pretrained model: a checkpoint, an ONNX file, or a program. Files are absolute paths, or addresses. */
export type ModelSpec = CheckpointModelSpec | OnnxModelSpec | CommandModelSpec

/** What runs a model. */
export interface EngineSpec {
  readonly engine: 'auto' | 'onnx' | 'tfjs'
  readonly provider?: Runner['provider']
  readonly precision: Precision
  /** GPUs between which each batch is split. */
  readonly devices?: readonly number[]
}

/** A model of a checkpoint. */
export interface CheckpointModelSpec extends EngineSpec, PartsOptions {
  readonly checkpoint: string
  readonly rounding?: Rounding
  readonly clipDenoised?: ClipDenoised
  /** By a classifier's gradient, or without one away from the prompt `negative`. */
  readonly guidance?: { readonly classifier?: string; readonly scale: number; readonly negative: string }
}

/** A model of an ONNX file. */
export type OnnxModelSpec = EngineSpec & Omit<OnnxModelOptions, keyof EngineOptions | 'threads' | 'onNote'>

/** A model that is a program. Its version is part of the keys of all stages. */
export type CommandModelSpec = Omit<CommandModelOptions, 'version' | 'cwd' | 'signal' | 'onNote'> & {
  readonly version: string | number
}

/** Prompts by themselves, or a column of a CSV file (an absolute path, or an address). */
export type PromptsSpec = readonly string[] | { readonly csv: string; readonly column: string }

/** How a distill stage learns, with every default filled in. */
export type OptimizerSpec =
  | { readonly name: 'levenberg-marquardt'; readonly iterations: number; readonly finalIterations: number }
  | {
      readonly name: 'adam'
      readonly lr: number
      readonly betas: readonly [number, number]
      readonly batch: number
      readonly trajectories: number
    }
