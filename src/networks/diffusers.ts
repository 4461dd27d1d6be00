import { isRecord, type NetworkCheckpoint, type Tensor } from '../checkpoints/tensor.js'
import type { Component } from '../checkpoints/diffusers.js'
import { withOrigin } from '../checkpoints/origin.js'
import { EpdError } from '../errors.js'
import { originalName } from './diffusers-names.js'
import { argumentsOf, type Arguments } from './arguments.js'
import type { DecoderConfig } from './autoencoder.js'
import type { ClipImageConfig, ClipTextConfig, ClipTowerConfig } from './clip.js'

type Tensors = NetworkCheckpoint['tensors']
type Config = Component['config']

/** The arguments of guided-diffusion's UNetModel for the same network as a UNet2DModel or UNet2DConditionModel of diffusers. */
export function unetArguments(component: Component, contextTokens: number): Record<string, unknown> {
  const { className, config, file } = component
  checkClass(component, 'UNet2DModel', 'UNet2DConditionModel')
  const conditional = className === 'UNet2DConditionModel'
  const read = argumentsOf(config, `${file}: `)
  const channels = read.counts('block_out_channels')
  const [down, up] = [read.texts('down_block_types'), read.texts('up_block_types')]
  const plain = ['DownBlock2D', 'UpBlock2D']
  const attended = conditional ? ['CrossAttnDownBlock2D', 'CrossAttnUpBlock2D'] : ['AttnDownBlock2D', 'AttnUpBlock2D']
  const isAttended = [down, up].map((types, side) =>
    types.map(type => {
      if (type !== plain[side] && type !== attended[side])
        throw read.unsupported(side === 0 ? 'down_block_types' : 'up_block_types', type)
      return type === attended[side]
    })
  )
  if (String(isAttended[0]) !== String([...isAttended[1]].reverse())) throw read.unsupported('up_block_types', up)
  checkSupported(read, conditional)
  const side = read.count('sample_size')
  const heads = headsOf(read, conditional, channels)
  return {
    model_type: 'UNetModel',
    image_size: side,
    in_channels: read.count('in_channels', 3),
    out_channels: read.count('out_channels', 3),
    model_channels: channels[0],
    channel_mult: channels.map(each => each / channels[0]),
    num_res_blocks: read.count('layers_per_block', 2),
    attention_resolutions: isAttended[0].flatMap((is, level) => (is ? [2 ** level] : [])),
    num_classes: read.count('num_class_embeds', 0),
    ...heads,
    use_scale_shift_norm: read.text('resnet_time_scale_shift', ['default', 'scale_shift'], 'default') === 'scale_shift',
    separate_attention: !conditional,
    ...(conditional && {
      context_dim: read.count('cross_attention_dim', 1280),
      context_tokens: contextTokens,
      transformer_depth: read.count('transformer_layers_per_block', 1),
      use_linear_in_transformer: read.flag('use_linear_projection', false)
    }),
    norm_num_groups: read.count('norm_num_groups', 32),
    norm_eps: read.number('norm_eps', 1e-5),
    time_endpoint: read.number('freq_shift', 0) === 1,
    time_sine_first: !read.flag('flip_sin_to_cos', true),
    corner_padding: read.number('downsample_padding', 1) === 0
  }
}

/** What would make another network of it. */
function checkSupported(read: Arguments, conditional: boolean): void {
  const allowed: Readonly<Record<string, readonly unknown[]>> = {
    act_fn: ['silu', 'swish'],
    center_input_sample: [false],
    mid_block_scale_factor: [1],
    time_embedding_type: ['positional'],
    downsample_type: ['conv'],
    upsample_type: ['conv'],
    add_attention: [true],
    class_embed_type: [null],
    addition_embed_type: [null],
    encoder_hid_dim: [null],
    encoder_hid_dim_type: [null],
    dual_cross_attention: [false],
    only_cross_attention: [false],
    time_cond_proj_dim: [null],
    conv_in_kernel: [3],
    conv_out_kernel: [3],
    freq_shift: [0, 1],
    downsample_padding: [0, 1],
    attention_type: ['default'],
    mid_block_type: conditional ? ['UNetMidBlock2DCrossAttn'] : ['UNetMidBlock2D'],
    attn_norm_num_groups: [null],
    resnet_skip_time_act: [false],
    resnet_out_scale_factor: [1],
    time_embedding_act_fn: [null],
    timestep_post_act: [null],
    reverse_transformer_layers_per_block: [null]
  }
  checkAllowed(read, allowed)
}

function checkAllowed(read: Arguments, allowed: Readonly<Record<string, readonly unknown[]>>): void {
  for (const [name, values] of Object.entries(allowed)) {
    const found = read.value(name)
    if (found !== undefined && found !== null && !values.includes(found)) throw read.unsupported(name, found)
  }
}

function checkClass({ className, file }: Component, ...known: readonly string[]): void {
  if (!known.includes(className))
    throw new EpdError(
      'model-invalid',
      `${file}: a ${className || 'nameless class'} is not supported; known are ${known.join(' and ')}`
    )
}

/** UNet2DConditionModel's attention_head_dim is a number of heads, by an old mistake that stayed; UNet2DModel's one of channels. */
function headsOf(read: Arguments, conditional: boolean, channels: readonly number[]): Record<string, unknown> {
  const named = read.value('num_attention_heads') ?? read.value('attention_head_dim') ?? (conditional ? 8 : null)
  if (named === null) return { num_heads: 1 }
  if (typeof named === 'number') return conditional ? { num_heads: named } : { num_head_channels: named }
  const each = read.counts('attention_head_dim')
  const size = channels[0] / each[0]
  if (each.length !== channels.length || each.some((heads, level) => channels[level] / heads !== size))
    throw read.unsupported('attention_head_dim', each)
  return { num_head_channels: size }
}

/** The tensors of a UNet2DModel or UNet2DConditionModel by the names of guided-diffusion's UNetModel. */
export function unetTensors({ config, file }: Component, tensors: Tensors): Tensors {
  const read = argumentsOf(config, `${file}: `)
  const blocks = read.count('layers_per_block', 2) + 1
  const attended = read.texts('up_block_types').map(type => type.includes('Attn'))
  const residual = (part: string) => replaced(part, RESIDUAL)
  const attention = (part: string) => (isTransformer(part) ? part : replaced(part, ATTENTION))
  return renamed(tensors, name => {
    const match =
      /^(down_blocks|up_blocks|mid_block)\.(?:(\d+)\.)?(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.*)$/.exec(
        name
      )
    if (!match) return replaced(name, OUTER)
    const [, side, block, kind, index, part] = match
    const at = Number(block) * blocks + Number(index)
    const inner = kind === 'resnets' ? residual(part) : kind === 'attentions' ? attention(part) : part
    if (side === 'mid_block')
      return kind === 'resnets' ? `middle_block.${2 * Number(index)}.${inner}` : `middle_block.1.${inner}`
    const group = side === 'down_blocks' ? `input_blocks.${at + 1}` : `output_blocks.${at}`
    if (kind === 'resnets') return `${group}.0.${inner}`
    if (kind === 'attentions') return `${group}.1.${inner}`
    if (kind === 'downsamplers')
      return `input_blocks.${Number(block) * blocks + blocks}.0.${part.replace(/^conv\./, 'op.')}`
    return `output_blocks.${Number(block) * blocks + blocks - 1}.${attended[Number(block)] ? 2 : 1}.${part}`
  })
}

function isTransformer(part: string): boolean {
  return /^(transformer_blocks|proj_in|norm\.|proj_out)/.test(part)
}

type Names = readonly (readonly [RegExp, string])[]

const OUTER: Names = [
  [/^time_embedding\.linear_1\./, 'time_embed.0.'],
  [/^time_embedding\.linear_2\./, 'time_embed.2.'],
  [/^class_embedding\./, 'label_emb.'],
  [/^conv_in\./, 'input_blocks.0.0.'],
  [/^conv_norm_out\./, 'out.0.'],
  [/^conv_out\./, 'out.2.']
]
const RESIDUAL: Names = [
  [/^norm1\./, 'in_layers.0.'],
  [/^conv1\./, 'in_layers.2.'],
  [/^time_emb_proj\./, 'emb_layers.1.'],
  [/^norm2\./, 'out_layers.0.'],
  [/^conv2\./, 'out_layers.3.'],
  [/^conv_shortcut\./, 'skip_connection.']
]
const ATTENTION: Names = [
  [/^group_norm\./, 'norm.'],
  [/^(to_q|query)\./, 'q.'],
  [/^(to_k|key)\./, 'k.'],
  [/^(to_v|value)\./, 'v.'],
  [/^(to_out\.0|proj_attn)\./, 'proj_out.']
]

function replaced(name: string, names: Names): string {
  const found = names.find(([from]) => from.test(name))
  return found ? name.replace(...found) : name
}

function renamed(
  tensors: Tensors,
  rename: (name: string) => string,
  shaped: (name: string, tensor: Tensor) => Tensor = (_, tensor) => tensor
): Tensors {
  const made = new Map([...tensors].map(([name, tensor]) => [rename(name), shaped(rename(name), tensor)]))
  return withOrigin(made, tensors, name => originalName(tensors.keys(), name, rename))
}

/** The decoder of an AutoencoderKL or a VQModel for latents of a size, and what they are divided by before it. */
export function autoencoderConfig(
  component: Component,
  size: DecoderConfig['size']
): { config: DecoderConfig; scale: number } {
  const { className, config, file } = component
  checkClass(component, 'AutoencoderKL', 'VQModel')
  const read = argumentsOf(config, `${file}: `)
  const channels = read.counts('block_out_channels')
  const types = read.texts('up_block_types')
  for (const type of types)
    if (type !== 'UpDecoderBlock2D' && type !== 'AttnUpDecoderBlock2D') throw read.unsupported('up_block_types', type)
  checkAllowed(read, {
    act_fn: ['silu', 'swish'],
    norm_type: ['group'],
    shift_factor: [0],
    use_post_quant_conv: [true]
  })
  const latentChannels = read.count('latent_channels', className === 'VQModel' ? 3 : 4)
  return {
    config: {
      channels: channels[0],
      channelMult: channels.map(each => each / channels[0]),
      numBlocks: read.count('layers_per_block', 1),
      attention: types.map(type => type.startsWith('Attn')).reverse(),
      outChannels: read.count('out_channels', 3),
      latentChannels: read.count('vq_embed_dim', latentChannels),
      zChannels: latentChannels,
      groups: read.count('norm_num_groups', 32),
      ...(className === 'VQModel' && { codes: read.count('num_vq_embeddings', 256) }),
      size
    },
    scale: read.number('scaling_factor', 0.18215)
  }
}

/** The tensors of its decoder by CompVis's names. */
export function autoencoderTensors({ config, file }: Component, tensors: Tensors): Tensors {
  const last = argumentsOf(config, `${file}: `).counts('block_out_channels').length - 1
  const decoding = new Map([...tensors].filter(([name]) => !/^(encoder|quant_conv)\./.test(name)))
  const residual = (part: string) => part.replace(/^conv_shortcut\./, 'nin_shortcut.')
  return renamed(
    decoding,
    name => {
      const match = /^decoder\.(mid_block|up_blocks\.(\d+))\.(resnets|attentions|upsamplers)\.(\d+)\.(.*)$/.exec(name)
      if (!match) return name.replace(/^decoder\.conv_norm_out\./, 'decoder.norm_out.')
      const [, block, level, kind, index, part] = match
      if (block === 'mid_block') {
        if (kind === 'resnets') return `decoder.mid.block_${Number(index) + 1}.${residual(part)}`
        return `decoder.mid.attn_1.${replaced(part, ATTENTION)}`
      }
      const group = `decoder.up.${last - Number(level)}`
      if (kind === 'resnets') return `${group}.block.${index}.${residual(part)}`
      if (kind === 'attentions') return `${group}.attn.${index}.${replaced(part, ATTENTION)}`
      return `${group}.upsample.${part}`
    },
    // Attention's layers are convolutions of single pixels there.
    (name, tensor) =>
      /attn[_.]\d+\.(q|k|v|proj_out)\.weight$/.test(name) && tensor.shape.length === 2
        ? { ...tensor, shape: [...tensor.shape, 1, 1] }
        : tensor
  )
}

/** What transformers' towers are made of, with the defaults of their classes. */
const SHARED = { num_hidden_layers: 12, hidden_act: 'quick_gelu', layer_norm_eps: 1e-5 }
const TOWERS = {
  text_config: {
    ...{ ...SHARED, hidden_size: 512, num_attention_heads: 8, intermediate_size: 2048 },
    ...{ vocab_size: 49408, max_position_embeddings: 77 }
  },
  vision_config: {
    ...{ ...SHARED, hidden_size: 768, num_attention_heads: 12, intermediate_size: 3072 },
    ...{ image_size: 224, patch_size: 32, num_channels: 3 }
  }
} as const

/** A CLIPTextModel, or the text tower of a CLIPModel. */
export function clipTextConfig(component: Component): ClipTextConfig {
  checkClass(component, 'CLIPTextModel', 'CLIPModel')
  const read = clipPart(component, 'text_config')
  return { ...towerOf(read), vocabulary: read.count('vocab_size'), tokens: read.count('max_position_embeddings') }
}

/** The text tower's tensors by the names that transformers 4 gives them; version 5 leaves out what all of a CLIPTextModel's begin with. */
export function clipTextTensors(tensors: Tensors): Tensors {
  if (!tensors.has('embeddings.token_embedding.weight'))
    return new Map(
      [...tensors].filter(([name]) => !/^(vision_model|visual_projection|text_projection|logit_scale)\b/.test(name))
    )
  return renamed(tensors, name => `text_model.${name}`)
}

/** The image tower of a CLIPModel. */
export function clipImageConfig(component: Component): ClipImageConfig {
  const read = clipPart(component, 'vision_config')
  if (read.count('num_channels') !== 3) throw read.unsupported('num_channels', read.value('num_channels'))
  return { ...towerOf(read), side: read.count('image_size'), patch: read.count('patch_size') }
}

/**
 * The configuration of a tower, checked key by key: its own, or the part of a CLIPModel's. Old versions of transformers wrote the part a
 * second time, which a CLIPModel prefers and a CLIPTextModel does not read, so the two must agree.
 */
function clipPart({ config, file }: Component, name: keyof typeof TOWERS): Arguments {
  checkKeys(config, file)
  const [found, again] = [config[name], config[`${name}_dict`]]
  const part = isRecord(found) ? found : config
  if (part !== config) checkKeys(part, `${file}: ${name}`)
  const defaults: Config = TOWERS[name]
  const valueOf = (values: Config, key: string) => values[key] ?? defaults[key]
  const differing = isRecord(again)
    ? Object.keys(defaults).find(key => valueOf(again, key) !== valueOf(part, key))
    : undefined
  if (isRecord(again) && differing !== undefined)
    throw new EpdError(
      'model-invalid',
      `${file}: ${name}_dict says that ${differing} is ${JSON.stringify(valueOf(again, differing))}, but ${name} says ${JSON.stringify(valueOf(part, differing))}`
    )
  const given = Object.entries(part).filter(([, value]) => value !== null)
  return argumentsOf({ ...defaults, ...Object.fromEntries(given) }, `${file}: `)
}

/** Keys of transformers' configurations that what a tower answers does not depend on. */
const HARMLESS = new Set([
  ...['architectures', 'model_type', 'transformers_version', '_name_or_path', '_commit_hash', 'torch_dtype', 'dtype'],
  ...['_attn_implementation', '_attn_implementation_autoset', '_attn_implementation_internal', '_output_attentions'],
  // Training, and what is made of the towers' answers.
  ...['attention_dropout', 'dropout', 'initializer_range', 'initializer_factor', 'gradient_checkpointing'],
  ...['projection_dim', 'logit_scale_init_value', 'problem_type', 'finetuning_task', 'task_specific_params'],
  // Tokens that only pooled answers look at, and labels.
  ...['bos_token_id', 'eos_token_id', 'pad_token_id', 'sep_token_id', 'decoder_start_token_id', 'tokenizer_class'],
  ...['id2label', 'label2id', 'num_labels', 'forced_bos_token_id', 'forced_eos_token_id', 'prefix'],
  // How answers are handed back.
  ...['return_dict', 'output_hidden_states', 'output_attentions', 'torchscript', 'use_bfloat16', 'tf_legacy_loss'],
  ...['use_return_dict', 'use_cache', 'chunk_size_feed_forward', 'tie_word_embeddings', 'tie_encoder_decoder'],
  // Generation of texts, which a tower does not do.
  ...['max_length', 'min_length', 'do_sample', 'early_stopping', 'num_beams', 'num_beam_groups', 'diversity_penalty'],
  ...['temperature', 'top_k', 'top_p', 'typical_p', 'repetition_penalty', 'length_penalty', 'no_repeat_ngram_size'],
  ...['encoder_no_repeat_ngram_size', 'bad_words_ids', 'num_return_sequences', 'output_scores'],
  ...['return_dict_in_generate', 'remove_invalid_values', 'exponential_decay_length_penalty', 'suppress_tokens'],
  ...['begin_suppress_tokens', 'text_config', 'vision_config', 'text_config_dict', 'vision_config_dict']
])

const TOWER_KEYS = new Set(Object.values(TOWERS).flatMap(tower => Object.keys(tower)))

/** Keys that would make another network, with the values that do not. */
const ONLY: Readonly<Record<string, readonly unknown[]>> = {
  is_decoder: [false],
  is_encoder_decoder: [false],
  add_cross_attention: [false],
  cross_attention_hidden_size: [],
  pruned_heads: [],
  use_attention_mask: [false],
  quantization_config: []
}

function checkKeys(config: Config, where: string): void {
  for (const [key, value] of Object.entries(config)) {
    if (HARMLESS.has(key) || TOWER_KEYS.has(key) || value === null) continue
    const harmless = isRecord(value) && Object.keys(value).length === 0
    if (Object.hasOwn(ONLY, key) && (harmless || ONLY[key].includes(value))) continue
    throw new EpdError('model-invalid', `${where}: ${key} is ${JSON.stringify(value)}, which is not supported`)
  }
}

function towerOf(read: Arguments): ClipTowerConfig {
  const eps = read.number('layer_norm_eps', SHARED.layer_norm_eps)
  return {
    width: read.count('hidden_size'),
    layers: read.count('num_hidden_layers'),
    heads: read.count('num_attention_heads'),
    inner: read.count('intermediate_size'),
    activation: read.text('hidden_act', ['quick_gelu', 'gelu'], 'quick_gelu'),
    ...(eps !== SHARED.layer_norm_eps && { eps })
  }
}
