import { filled } from './filled.js'
import type { Runner } from '../../src/engines/engine.js'
import type { Feed } from '../../src/engines/session.js'
import { openNetwork, type OpenedNetwork } from '../../src/engines/open.js'
import type { EngineOptions } from '../../src/engines/registry.js'
import type { Recipe } from '../../src/engines/recipe.js'
import { inceptionRecipe } from '../../src/metrics/inception.js'
import { decoderRecipe } from '../../src/networks/autoencoder.js'
import { clipImageRecipe, clipTextRecipe } from '../../src/networks/clip.js'
import { unetArguments } from '../../src/networks/diffusers.js'
import { denoisingRecipe } from '../../src/networks/network.js'
import { networkOf } from '../../src/networks/registry.js'

/** A network with inputs for a batch of any size. */
export interface Example {
  readonly recipe: Recipe
  readonly feeds: (batch: number) => Feed[]
}

const song = {
  ...{ img_resolution: 16, img_channels: 2, model_type: 'SongUNet', model_channels: 16, channel_mult: [1, 2] },
  ...{ num_blocks: 1, attn_resolutions: [8] }
}
const ncsnpp = { ...song, embedding_type: 'fourier', encoder_type: 'residual', resample_filter: [1, 3, 3, 1] }
const adm = {
  ...{ ...song, model_type: 'DhariwalUNet', label_dim: 3 },
  ...{ img_resolution: 8, attn_resolutions: [8, 4], model_channels: 64 }
}
const guided = {
  ...{ model_type: 'UNetModel', image_size: 8, in_channels: 2, model_channels: 32, channel_mult: [1, 2] },
  ...{ num_res_blocks: 1, attention_resolutions: [2], num_head_channels: 16 }
}

const pixels = {
  ...{ block_out_channels: [8, 16], layers_per_block: 1, norm_num_groups: 4, sample_size: 8 },
  ...{ down_block_types: ['AttnDownBlock2D', 'DownBlock2D'], up_block_types: ['AttnUpBlock2D', 'UpBlock2D'] }
}

const decoder = {
  ...{ channels: [32, 64], numBlocks: 1, attention: [false, true], outChannels: 3, groups: 32 },
  ...{ latentChannels: 3, zChannels: 3 },
  size: [8, 8]
} as const
const tower = { width: 48, layers: 2, heads: 4, inner: 192, activation: 'quick_gelu' } as const

/** Every network of the project, small. */
export const examples: Readonly<Record<string, Example>> = {
  'DDPM++ (SongUNet)': denoiser(song),
  'NCSN++ (SongUNet)': denoiser(ncsnpp),
  'SongUNet with skips': denoiser({
    ...song,
    encoder_type: 'skip',
    decoder_type: 'skip',
    resample_filter: [1, 3, 3, 1]
  }),
  'ADM (DhariwalUNet)': denoiser(adm),
  'guided-diffusion': denoiser({ ...guided, num_classes: 3, resblock_updown: true }),
  'consistency models': denoiser({ ...guided, flat_attention: false }),
  'latent diffusion': denoiser({ ...guided, use_scale_shift_norm: false }),
  'Stable Diffusion': denoiser({ ...guided, use_scale_shift_norm: false, context_dim: 24, context_tokens: 7 }),
  DDPM: ofDiffusers('UNet2DModel', {
    ...{ ...pixels, attention_head_dim: null, norm_eps: 1e-6, freq_shift: 1, flip_sin_to_cos: false },
    downsample_padding: 0
  }),
  "diffusers' UNet2DModel": ofDiffusers('UNet2DModel', {
    ...{ ...pixels, time_embedding_type: 'fourier', class_embed_type: 'timestep', num_class_embeds: 3, act_fn: 'mish' },
    ...{ resnet_time_scale_shift: 'scale_shift', downsample_type: 'resnet', mid_block_scale_factor: 1.5 },
    ...{ sample_size: [8, 16], center_input_sample: true, attention_head_dim: 3 }
  }),
  "diffusers' UNet2DConditionModel": ofDiffusers('UNet2DConditionModel', {
    ...{ block_out_channels: [9, 15], norm_num_groups: 3, sample_size: [7, 9], cross_attention_dim: 12 },
    ...{ down_block_types: ['AttnDownBlock2D', 'CrossAttnDownBlock2D'], attention_head_dim: [2, 4] },
    ...{ up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'], only_cross_attention: [true, false] },
    ...{ layers_per_block: [1, 2], transformer_layers_per_block: [1, 2], encoder_hid_dim: 10, conv_out_kernel: 1 },
    ...{ num_class_embeds: 3, class_embeddings_concat: true, time_embedding_act_fn: 'gelu', act_fn: 'relu' }
  }),
  'VQ decoder': {
    recipe: decoderRecipe({ ...decoder, codes: 16 }),
    feeds: batch => [{ name: 'latents', shape: [batch, 3, 8, 8], data: waves(batch * 192, 3) }]
  },
  'CLIP text': {
    recipe: clipTextRecipe({ ...tower, vocabulary: 20, tokens: 8 }),
    feeds: batch => [{ name: 'tokens', shape: [batch, 8], data: words(batch * 8) }]
  },
  'CLIP image': {
    recipe: clipImageRecipe({ ...tower, side: 32, patch: 8 }, 24),
    feeds: batch => [{ name: 'image', shape: [batch, 3, 32, 32], data: waves(batch * 3072, 4) }]
  },
  'Inception-v3': {
    recipe: inceptionRecipe([32, 32], 'tensorflow'),
    feeds: batch => [
      { name: 'x', shape: [batch, 3, 32, 32], data: waves(batch * 3072, 0).map(wave => 127.5 * (1 + wave)) }
    ]
  }
}

function ofDiffusers(className: string, config: Readonly<Record<string, unknown>>): Example {
  const component = { className, config, file: 'config.json', weights: [], tensors: () => Promise.resolve(new Map()) }
  return denoiser(unetArguments(component, 7))
}

function denoiser(kwargs: Readonly<Record<string, unknown>>): Example {
  const network = networkOf(kwargs)
  const { inChannels, size, labelDim, context } = network
  return {
    recipe: denoisingRecipe(network),
    feeds(batch) {
      const x = {
        name: 'x',
        shape: [batch, inChannels, ...size],
        data: waves(batch * inChannels * size[0] * size[1], 1)
      }
      const noise = { name: 'noise', shape: [batch, 1], data: waves(batch, 2).map(wave => 2 + wave) }
      const labels = { name: 'labels', shape: [batch, labelDim], data: new Float32Array(batch * labelDim).fill(1) }
      const told = labelDim > 0 ? [x, noise, labels] : [x, noise]
      if (!context) return told
      const { tokens, width } = context
      return [...told, { name: 'context', shape: [batch, tokens, width], data: waves(batch * tokens * width, 5) }]
    }
  }
}

function waves(length: number, phase: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length }, (_, i) => Math.sin(0.7 * i + phase))
}

function words(length: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length }, (_, i) => (7 * i) % 20)
}

/** An example on what the options allow, with weights by the fill rule. */
export function openExample(
  { recipe }: Example,
  cacheDir: string,
  options: EngineOptions & { threads?: number },
  runners?: readonly Runner[]
): Promise<OpenedNetwork> {
  const content = Object.entries(examples)
    .find(([, example]) => example.recipe === recipe)?.[0]
    .replaceAll(/\W/g, '-')
  return openNetwork(
    {
      ...options,
      recipe,
      cacheDir,
      content: content ?? recipe.name,
      tensors: () => Promise.resolve(filled(recipe))
    },
    runners
  )
}
