import type { EngineOptions, RunnerChoice } from '../engines/registry.js'
import type { Decoder } from './decoder.js'
import type { Denoiser } from './denoiser.js'
import type { PartsOptions } from './layout.js'
import type { Rounding } from './parametrisation.js'
import type { SchedulerSampling } from './scheduler.js'

/** The magnitude that denoised data are clamped to; false leaves them as they are, as no value does. */
export type ClipDenoised = number | false

export interface OpenModelOptions extends EngineOptions, PartsOptions {
  /** The path of the checkpoint, a file or a folder; see readParts for what it may be. */
  readonly checkpoint: string
  /** The folder of compiled graphs; default: epd-run in the user's cache folder. */
  readonly cacheDir?: string
  /** The number of threads of ONNX Runtime on a CPU; default: all cores. No result depends on it. */
  readonly threads?: number
  /**
   * How strongly samples are led to their condition: by the gradient of a classifier of noisy images, or, without one,
   * away from what the prompt `negative` (default: none) would lead to, or, for a model of classes that was trained
   * with some left out, from what no class would lead to.
   */
  readonly guidance?: { readonly classifier?: string; readonly scale: number; readonly negative?: string }
  /** Whether the network of a chain is told whole steps alone; default: it is told what lies between two as well. */
  readonly rounding?: Rounding
  /** Default: denoised data are not clamped. */
  readonly clipDenoised?: ClipDenoised
  /**
   * Is called with a message about an engine that is there but fails, a device whose memory is full, a prompt that is
   * cut, and a folder's scheduler that does to denoised images what this does not.
   */
  readonly onNote?: (message: string) => void
}

/** A diffusion model read from a checkpoint. */
export interface Model extends Denoiser {
  /** The SHA-256 over the network's graph, its weights and its preconditioning, whatever file they came from. */
  readonly digest: string
  /** All else that the bits of its results depend on: engine, provider, precision. */
  readonly engine: string
  /** What makes other networks run where its own does; absent where a program is the model. */
  readonly runner?: RunnerChoice
  /** Whether a sample's bits are the same in any batch. */
  readonly batchInvariant: boolean
  /** The milliseconds spent within the engine so far. */
  readonly elapsed: () => number
  /** Whether it reads prompts. */
  readonly prompted?: boolean
  /** The decoder that makes images of its samples, where those are latents. */
  readonly decoder?: Decoder
  /** How the scheduler that it came with bounds each denoised image. The model itself does not. */
  readonly sampling?: SchedulerSampling
}
