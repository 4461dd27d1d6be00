import type { LatentConfig } from '../checkpoints/compvis.js'
import { toFloat32 } from '../checkpoints/tensor.js'
import { EpdError } from '../errors.js'
import { chainOf, LATENT_DIFFUSION, scaledLinear, STABLE_DIFFUSION, type Ends } from './latent-chain.js'
import { configured } from './latent-config.js'
import type { LatentFacts, LatentSettings } from './latent-facts.js'

type Values = Readonly<Record<string, unknown>>

/**
 * The settings that a checkpoint does not name. Its config.yaml does, or its authors publish them for a U-Net of its
 * sizes.
 * @throws EpdError `model-invalid` for a key or a value that is not known, and where neither tells
 */
export function latentSettings(facts: LatentFacts, found: LatentConfig | undefined): LatentSettings {
  return found ? configured(facts, found) : published(facts)
}

/** A model that CompVis publishes: the sizes that it is known by, and the settings that belong to them. */
interface Published {
  readonly sizes: Values
  readonly prompted: boolean
  readonly codes: boolean
  readonly settings: Pick<LatentSettings, 'heads' | 'side'> & { readonly betas: Ends; readonly scale?: number }
}

const PLAIN = { use_scale_shift_norm: false, resblock_updown: false, num_res_blocks: 2 }
const PUBLISHED: readonly Published[] = [
  // Stable Diffusion 1.
  {
    sizes: { ...PLAIN, in_channels: 4, model_channels: 320, channel_mult: [1, 2, 4, 4], context_dim: 768 },
    ...{ prompted: true, codes: false },
    settings: {
      heads: { num_head_channels: 0, num_heads: 8 },
      side: 64,
      betas: STABLE_DIFFUSION,
      scale: 0.18215
    }
  },
  // Latent diffusion of CelebA-HQ, FFHQ and LSUN's bedrooms.
  {
    sizes: { ...PLAIN, in_channels: 3, model_channels: 224, channel_mult: [1, 2, 3, 4] },
    ...{ prompted: false, codes: true },
    settings: { heads: { num_head_channels: 32 }, side: 64, betas: LATENT_DIFFUSION, scale: 1 }
  },
  // Latent diffusion of LSUN's churches, whose scale is in its file.
  {
    sizes: {
      ...{ in_channels: 4, model_channels: 192, channel_mult: [1, 2, 2, 4, 4], num_res_blocks: 2 },
      ...{ use_scale_shift_norm: true, resblock_updown: true }
    },
    ...{ prompted: false, codes: false },
    settings: { heads: { num_head_channels: 0, num_heads: 8 }, side: 32, betas: { start: 0.0015, end: 0.0155 } }
  }
]

function published({ states, unet, tokens, codes, path, side }: LatentFacts): LatentSettings {
  const wayOut = 'put the config.yaml that belongs to it beside it'
  const found = PUBLISHED.find(
    each =>
      each.prompted === (tokens !== undefined) &&
      each.codes === (codes !== undefined) &&
      Object.entries(each.sizes).every(([name, value]) => JSON.stringify(unet[name]) === JSON.stringify(value))
  )
  if (!found)
    throw new EpdError(
      'model-invalid',
      `${path}: its tensors do not tell how many heads its attention has, nor the side of its latents, ` +
        `and it is none of the models that CompVis publishes; ${wayOut}`
    )
  const { heads, betas, scale } = found.settings
  const stored = states.scaleFactor && toFloat32(states.scaleFactor)[0]
  const factor = stored ?? scale
  if (factor === undefined)
    throw new EpdError(
      'model-invalid',
      `${path}: holds no scale_factor, which its latents are multiplied by; ${wayOut}`
    )
  return {
    ...{ averages: true, heads, scale: factor, predicts: 'epsilon' },
    side: side ?? found.settings.side,
    betas: chainOf(states.alphaBars, () => scaledLinear(1000, betas), path)
  }
}
