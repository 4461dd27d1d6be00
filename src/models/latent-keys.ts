import { EpdError } from '../errors.js'

type Values = Readonly<Record<string, unknown>>

/**
 * The keys of a section of a config.yaml, each with the values that are supported, or `any` where its value is read
 * elsewhere or does not matter.
 */
type Keys = Readonly<Record<string, 'any' | readonly unknown[]>>

/** Checks that all keys of a section are known, with values that are supported. @throws EpdError `model-invalid` */
export function checkKeys(values: Values, known: Keys, where: string): void {
  for (const [key, value] of Object.entries(values)) {
    const supported = Object.hasOwn(known, key) ? known[key] : []
    if (supported === 'any' || supported.includes(value) || (value === null && Object.hasOwn(known, key))) continue
    throw new EpdError('model-invalid', `${where}${key} is ${JSON.stringify(value)}, which is not supported`)
  }
}

function any<const Name extends string>(...names: readonly Name[]): Record<Name, 'any'>
function any(...names: readonly string[]): Record<string, 'any'> {
  return Object.fromEntries(names.map(name => [name, 'any']))
}

export const MODEL_KEYS: Keys = {
  // These are read by latent-config.ts.
  ...any('timesteps', 'beta_schedule', 'linear_start', 'linear_end', 'cosine_s', 'given_betas', 'parameterization'),
  ...any('image_size', 'channels', 'use_ema', 'scale_factor', 'scale_by_std', 'conditioning_key', 'concat_mode'),
  ...any('unet_config', 'first_stage_config', 'cond_stage_config'),
  // These are for training, for logs, and for what a step of sampling adds.
  ...any('loss_type', 'monitor', 'ckpt_path', 'ignore_keys', 'load_only_unet', 'first_stage_key', 'cond_stage_key'),
  ...any('log_every_t', 'original_elbo_weight', 'v_posterior', 'l_simple_weight', 'learn_logvar', 'logvar_init'),
  ...any('scheduler_config', 'cond_stage_trainable', 'clip_denoised', 'ucg_training', 'reset_ema'),
  ...any('reset_num_ema_updates', 'make_it_fit'),
  num_timesteps_cond: [1],
  use_positional_encodings: [false],
  cond_stage_forward: [],
  force_null_conditioning: [false]
}

export const UNET_KEYS: Keys = {
  ...any('image_size', 'in_channels', 'out_channels', 'model_channels', 'num_res_blocks', 'attention_resolutions'),
  ...any('channel_mult', 'num_heads', 'num_head_channels', 'num_heads_upsample', 'use_scale_shift_norm'),
  ...any('resblock_updown', 'context_dim', 'transformer_depth', 'use_linear_in_transformer', 'use_spatial_transformer'),
  ...any('dropout', 'use_checkpoint', 'use_fp16', 'use_bf16', 'legacy'),
  dims: [2],
  conv_resample: [true],
  num_classes: [],
  n_embed: [],
  use_new_attention_order: [false],
  disable_self_attentions: [],
  num_attention_blocks: [],
  disable_middle_self_attn: [false],
  adm_in_channels: []
}

/** The keys of a U-Net that its tensors tell, too. */
export const TOLD = [
  ...['in_channels', 'out_channels', 'model_channels', 'num_res_blocks', 'channel_mult', 'attention_resolutions'],
  ...['use_scale_shift_norm', 'resblock_updown', 'context_dim', 'transformer_depth', 'use_linear_in_transformer']
]

export const FIRST_STAGE_KEYS: Keys = {
  ...any(
    'embed_dim',
    'n_embed',
    'ddconfig',
    'lossconfig',
    'monitor',
    'ckpt_path',
    'ignore_keys',
    'image_key',
    'use_ema'
  ),
  ...any('batch_resize_range', 'scheduler_config', 'lr_g_factor', 'sane_index_shape', 'colorize_nlabels'),
  remap: []
}

export const DECODER_KEYS: Keys = {
  ...any('double_z', 'z_channels', 'resolution', 'in_channels', 'out_ch', 'ch', 'ch_mult', 'num_res_blocks'),
  ...any('attn_resolutions', 'dropout'),
  attn_type: ['vanilla', 'vanilla-xformers'],
  resamp_with_conv: [true],
  give_pre_end: [false],
  tanh_out: [false],
  use_linear_attn: [false]
}

export const TEXT_KEYS: Keys = {
  ...any('device', 'freeze', 'max_length', 'version'),
  layer: ['last'],
  layer_idx: []
}
