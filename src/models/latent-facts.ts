import type { LatentStates } from '../checkpoints/compvis.js'
import type { Betas, Prediction } from './parametrisation.js'

type Values = Readonly<Record<string, unknown>>

/** The settings of a latent diffusion model that its tensors do not tell. */
export interface LatentSettings {
  /** Whether averaged weights are taken where the file has them. */
  readonly averages: boolean
  /** num_heads or num_head_channels of its U-Net. */
  readonly heads: Values
  /** The side of its latents. */
  readonly side: number
  readonly betas: Betas
  readonly predicts: Prediction
  /** The factor that latents are multiplied by. */
  readonly scale: number
}

/** The facts that the tensors tell, with the place that they are from. */
export interface LatentFacts {
  readonly states: LatentStates
  /** The arguments of its U-Net. */
  readonly unet: Values
  /** The number of tokens that its text encoder reads; undefined where it has none. */
  readonly tokens?: number
  /** The number of codes that latents are rounded to. */
  readonly codes?: number
  readonly path: string
  /** The side of its latents, where the user names it. */
  readonly side?: number
}
