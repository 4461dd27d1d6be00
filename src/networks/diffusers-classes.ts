import type { Component } from '../checkpoints/diffusers.js'
import { EpdError } from '../errors.js'

/**
 * The arguments of a class of diffusers, each with the value that the class gives it where a config.json leaves it out.
 */
export type Defaults = Readonly<Record<string, unknown>>

interface KnownClass {
  readonly defaults: Defaults
  /** Arguments that no image depends on: those of training, of the encoder, and of half precision. */
  readonly harmless: readonly string[]
  /** Arguments of which some values alone are supported. */
  readonly only: Readonly<Record<string, readonly unknown[]>>
}

/**
 * The classes that can be read, by the names of diffusers. The defaults are those of the constructors, which have been
 * the same from version 0.27 to 0.40; a test compares them with what the library itself says.
 */
export const CLASSES: Readonly<
  Record<'UNet2DModel' | 'UNet2DConditionModel' | 'AutoencoderKL' | 'VQModel', KnownClass>
> = {
  UNet2DModel: {
    defaults: {
      ...{ sample_size: null, in_channels: 3, out_channels: 3, center_input_sample: false },
      ...{ time_embedding_type: 'positional', time_embedding_dim: null, freq_shift: 0, flip_sin_to_cos: true },
      down_block_types: ['DownBlock2D', 'AttnDownBlock2D', 'AttnDownBlock2D', 'AttnDownBlock2D'],
      mid_block_type: 'UNetMidBlock2D',
      up_block_types: ['AttnUpBlock2D', 'AttnUpBlock2D', 'AttnUpBlock2D', 'UpBlock2D'],
      ...{ block_out_channels: [224, 448, 672, 896], layers_per_block: 2, mid_block_scale_factor: 1 },
      ...{ downsample_padding: 1, downsample_type: 'conv', upsample_type: 'conv', dropout: 0, act_fn: 'silu' },
      ...{ attention_head_dim: 8, norm_num_groups: 32, attn_norm_num_groups: null, norm_eps: 1e-5 },
      ...{ resnet_time_scale_shift: 'default', add_attention: true, class_embed_type: null },
      ...{ num_class_embeds: null, num_train_timesteps: null }
    },
    harmless: ['dropout', 'num_train_timesteps'],
    only: {}
  },
  UNet2DConditionModel: {
    defaults: {
      ...{ sample_size: null, in_channels: 4, out_channels: 4, center_input_sample: false },
      ...{ flip_sin_to_cos: true, freq_shift: 0 },
      down_block_types: ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
      mid_block_type: 'UNetMidBlock2DCrossAttn',
      up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
      ...{ only_cross_attention: false, block_out_channels: [320, 640, 1280, 1280], layers_per_block: 2 },
      ...{ downsample_padding: 1, mid_block_scale_factor: 1, dropout: 0, act_fn: 'silu' },
      ...{ norm_num_groups: 32, norm_eps: 1e-5, cross_attention_dim: 1280, transformer_layers_per_block: 1 },
      ...{ reverse_transformer_layers_per_block: null, encoder_hid_dim: null, encoder_hid_dim_type: null },
      ...{ attention_head_dim: 8, num_attention_heads: null, dual_cross_attention: false },
      ...{ use_linear_projection: false, class_embed_type: null, addition_embed_type: null },
      ...{ addition_time_embed_dim: null, num_class_embeds: null, upcast_attention: false },
      ...{ resnet_time_scale_shift: 'default', resnet_skip_time_act: false, resnet_out_scale_factor: 1 },
      ...{ time_embedding_type: 'positional', time_embedding_dim: null, time_embedding_act_fn: null },
      ...{ timestep_post_act: null, time_cond_proj_dim: null, conv_in_kernel: 3, conv_out_kernel: 3 },
      ...{ projection_class_embeddings_input_dim: null, attention_type: 'default' },
      ...{ class_embeddings_concat: false, mid_block_only_cross_attention: null, cross_attention_norm: null },
      addition_embed_type_num_heads: 64
    },
    // The last five act on blocks and embeddings alone that are refused themselves.
    harmless: [
      ...['dropout', 'upcast_attention', 'addition_time_embed_dim', 'addition_embed_type_num_heads'],
      ...['projection_class_embeddings_input_dim', 'mid_block_only_cross_attention', 'cross_attention_norm']
    ],
    only: {
      encoder_hid_dim_type: [null, 'text_proj'],
      addition_embed_type: [null],
      dual_cross_attention: [false, null],
      time_cond_proj_dim: [null],
      attention_type: ['default', null]
    }
  },
  AutoencoderKL: {
    defaults: {
      ...{ in_channels: 3, out_channels: 3, down_block_types: ['DownEncoderBlock2D'] },
      ...{ up_block_types: ['UpDecoderBlock2D'], block_out_channels: [64], layers_per_block: 1, act_fn: 'silu' },
      ...{ latent_channels: 4, norm_num_groups: 32, sample_size: 32, scaling_factor: 0.18215 },
      ...{ shift_factor: null, latents_mean: null, latents_std: null, force_upcast: true },
      ...{ use_quant_conv: true, use_post_quant_conv: true, mid_block_add_attention: true }
    },
    // The pipelines of Stable Diffusion 1 and 2 and of latent diffusion do not look at the latents' mean and deviation.
    harmless: [
      ...['in_channels', 'down_block_types', 'sample_size', 'force_upcast', 'use_quant_conv'],
      ...['latents_mean', 'latents_std']
    ],
    only: {}
  },
  VQModel: {
    defaults: {
      ...{ in_channels: 3, out_channels: 3, down_block_types: ['DownEncoderBlock2D'] },
      ...{ up_block_types: ['UpDecoderBlock2D'], block_out_channels: [64], layers_per_block: 1, act_fn: 'silu' },
      ...{ latent_channels: 3, sample_size: 32, num_vq_embeddings: 256, norm_num_groups: 32, vq_embed_dim: null },
      ...{ scaling_factor: 0.18215, norm_type: 'group', mid_block_add_attention: true },
      ...{ lookup_from_codebook: false, force_upcast: false }
    },
    harmless: ['in_channels', 'down_block_types', 'sample_size', 'lookup_from_codebook', 'force_upcast'],
    only: { norm_type: ['group'] }
  }
}

/** The notes that EMAModel of diffusers writes about an average of weights into the network's own config.json. */
const NOTES_OF_AVERAGES = [
  'decay',
  'min_decay',
  'optimization_step',
  'update_after_step',
  'use_ema_warmup',
  'inv_gamma',
  'power'
]

export type ClassName = keyof typeof CLASSES

function isKnown(name: string): name is ClassName {
  return Object.hasOwn(CLASSES, name)
}

/**
 * The arguments of a network that its images depend on, with the class's defaults for what its config.json leaves out.
 * @throws EpdError `model-invalid` that names a class, an argument that the class does not have, or a value that is not
 * supported
 */
export function settingsOf(component: Component, ...expected: readonly ClassName[]): Defaults {
  const { className, config, file } = component
  if (!isKnown(className) || !expected.includes(className))
    throw new EpdError(
      'model-invalid',
      `${file}: a ${className || 'nameless class'} is not supported; known are ${expected.join(' and ')}`
    )
  const { defaults, harmless, only } = CLASSES[className]
  const settings: Record<string, unknown> = { ...defaults }
  for (const [name, value] of Object.entries(config)) {
    // Names with a line before them are diffusers' own notes.
    if (name.startsWith('_') || NOTES_OF_AVERAGES.includes(name)) continue
    const found = `${file}: ${name} is ${JSON.stringify(value)}`
    if (!Object.hasOwn(defaults, name)) {
      if (value === null || value === false) continue
      throw new EpdError(
        'model-invalid',
        `${found}, but diffusers' ${className} has no such argument; take it out of the file if diffusers ` +
          'ignores it, too'
      )
    }
    if (Object.hasOwn(only, name) && !only[name].includes(value))
      throw new EpdError('model-invalid', `${found}, which is not supported`)
    settings[name] = value
  }
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !harmless.includes(name)))
}
