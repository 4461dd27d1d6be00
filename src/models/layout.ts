import type { NetworkCheckpoint } from '../checkpoints/tensor.js'
import type { StateDict } from '../checkpoints/network.js'
import type { DecoderConfig } from '../networks/autoencoder.js'
import type { ClipTextConfig } from '../networks/clip.js'
import type { NetworkFamily } from '../networks/network.js'
import type { Shape } from './denoiser.js'
import type { SchedulerSampling } from './scheduler.js'

type Tensors = NetworkCheckpoint['tensors']

/** The descriptions of a checkpoint's networks, as plain data. */
export interface PartsAbout {
  readonly className: string
  readonly initKwargs: Readonly<Record<string, unknown>>
  /** The decoder of a latent model. Latents are divided by `scale` before they are decoded. */
  readonly decoder?: { readonly config: DecoderConfig; readonly scale: number }
  readonly text?: ClipTextConfig
  /** How the scheduler that it came with bounds each denoised image. */
  readonly sampling?: SchedulerSampling
}

/** The networks of a checkpoint. */
export interface Parts {
  readonly about: PartsAbout
  readonly network: () => Promise<Tensors>
  readonly decoder: () => Promise<Tensors>
  readonly text: () => Promise<Tensors>
}

/** The choices that a checkpoint leaves to whoever reads it. */
export interface PartsOptions {
  /**
   * Selects the weights of a folder of diffusers, as its files name them: fp16, bf16, non_ema, ...; default: those
   * without a name, or fp16.
   */
  readonly variant?: string
  /** The size of a sample, where the checkpoint does not fix it. */
  readonly shape?: Shape
  /**
   * Selects one network of a file that holds several: the key that leads to it, or the beginning that the names of its
   * tensors share.
   */
  readonly weights?: string
}

/** A checkpoint at its path: a folder, or a file whose network was read. */
export type Found =
  | { readonly kind: 'folder'; readonly folder: string }
  | { readonly kind: 'file'; readonly path: string; readonly read: NetworkCheckpoint | StateDict }

/** A way in which a checkpoint arranges the networks of a model. readers.ts lists them all. */
export interface Layout {
  readonly name: string
  /**
   * Reads a checkpoint that is arranged so; undefined for any other. `families`: the networks that tensors may tell.
   * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `model-invalid`
   */
  readonly read: (found: Found, options: PartsOptions, families: readonly NetworkFamily[]) => Promise<Parts> | undefined
}

/** The tensors of a part that a checkpoint does not have. */
export const none = () => Promise.resolve<Tensors>(new Map())
