import { isRecord, type NetworkCheckpoint, type Tensor } from '../checkpoints/tensor.js'
import type { Component } from '../checkpoints/diffusers.js'
import { withOrigin } from '../checkpoints/origin.js'
import { EpdError } from '../errors.js'
import { argumentsOf, type Arguments } from './arguments.js'
import type { DecoderConfig } from './autoencoder.js'
import type { ClipImageConfig, ClipTextConfig, ClipTowerConfig } from './clip.js'
import { settingsOf } from './diffusers-classes.js'
import { activation, groupsOf, levelChannels } from './diffusers-arguments.js'
import { diffusersNetwork } from './diffusers-family.js'
import type { Size } from './network.js'

type Tensors = NetworkCheckpoint['tensors']
type Config = Component['config']

/**
 * The arguments of a UNet2DModel or UNet2DConditionModel for `networkOf`, with those that its config.json leaves out.
 * `size` is the size of its images, where it is not that of the file.
 * @throws EpdError `model-invalid` that names an argument with its value
 */
export function unetArguments(
  component: Component,
  contextTokens: number,
  size?: Size
): Record<string, unknown> & { readonly sample_size: Size } {
  const settings = settingsOf(component, 'UNet2DModel', 'UNet2DConditionModel')
  const className = component.className === 'UNet2DModel' ? 'UNet2DModel' : 'UNet2DConditionModel'
  const given = { ...settings, sample_size: size ?? settings.sample_size, context_tokens: contextTokens }
  const network = diffusersNetwork(argumentsOf(given, `${component.file}: `), className)
  return { ...given, model_type: className, sample_size: network.size }
}

/** The tensors of a UNet2DModel or UNet2DConditionModel, attention's by their names of today. */
export function unetTensors(tensors: Tensors): Tensors {
  const second = 'time_proj.W'
  return renamed(new Map([...tensors].filter(([name]) => name !== second || !tensors.has('time_proj.weight'))), name =>
    name === second ? 'time_proj.weight' : attentionName(name)
  )
}

/** Attention's layers had other names in 2022. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  ...{ query: 'to_q', key: 'to_k', value: 'to_v', proj_attn: 'to_out.0' }
}

function attentionName(name: string): string {
  return name.replace(
    /(\.attentions\.\d+\.)(query|key|value|proj_attn)\.(weight|bias)$/,
    (_, before: string, layer: string, part: string) => `${before}${OLD_NAMES[layer]}.${part}`
  )
}

/** `back`: what the file would call a tensor that it lacks, where that can be told. */
function renamed(
  tensors: Tensors,
  rename: (name: string) => string,
  back: (name: string) => string | undefined = () => undefined
): Map<string, Tensor> {
  const names = new Map([...tensors.keys()].map(name => [rename(name), name]))
  const made = new Map([...tensors].map(([name, tensor]) => [rename(name), tensor]))
  return withOrigin(made, tensors, name => names.get(name) ?? back(name))
}

/** The decoder of an AutoencoderKL or a VQModel for latents of a size, and what they are divided by before it. */
export function autoencoderConfig(
  component: Component,
  size: DecoderConfig['size']
): { config: DecoderConfig; scale: number } {
  const { className, file } = component
  const settings = settingsOf(component, 'AutoencoderKL', 'VQModel')
  const read = argumentsOf(settings, `${file}: `)
  const quantised = className === 'VQModel'
  const channels = levelChannels(read)
  const latentChannels = read.count('latent_channels')
  const types = read.texts('up_block_types')
  if (types.length !== channels.length)
    throw read.unsupported('up_block_types', types, `but block_out_channels has ${channels.length} levels`)
  for (const type of types)
    if (type !== 'UpDecoderBlock2D' && type !== 'AttnUpDecoderBlock2D') throw read.unsupported('up_block_types', type)
  return {
    config: {
      naming: 'diffusers',
      channels,
      numBlocks: read.layers('layers_per_block'),
      attention: types.map(type => type.startsWith('Attn')).reverse(),
      middleAttention: read.flag('mid_block_add_attention'),
      activation: activation(read, 'act_fn'),
      outChannels: read.count('out_channels'),
      latentChannels: quantised ? optional(read, 'vq_embed_dim', latentChannels) : latentChannels,
      zChannels: latentChannels,
      projected: quantised || read.flag('use_post_quant_conv'),
      groups: groupsOf(read, 'norm_num_groups', channels),
      ...(quantised ? { codes: read.count('num_vq_embeddings') } : { shift: shiftOf(read) }),
      size
    },
    scale: read.number('scaling_factor')
  }
}

/** Undefined where latents stay as they are, so that such a decoder is the same as one that knows of no shift. */
function shiftOf(read: Arguments): number | undefined {
  return read.value('shift_factor') === null ? undefined : read.number('shift_factor')
}

function optional(read: Arguments, name: string, otherwise: number): number {
  return read.value(name) === null ? otherwise : read.count(name)
}

/** The tensors of its decoder, attention's by their names of today. Their weights have no kernel dimensions. */
export function autoencoderTensors(tensors: Tensors): Tensors {
  const decoding = new Map([...tensors].filter(([name]) => !/^(encoder|quant_conv)\./.test(name)))
  const today = renamed(decoding, attentionName)
  const flat = new Map(
    [...today].map(([name, tensor]) => [
      name,
      /\.attentions\.\d+\.to_.*\.weight$/.test(name) ? { ...tensor, shape: tensor.shape.slice(0, 2) } : tensor
    ])
  )
  return withOrigin(flat, today, name => name)
}

function checkClass({ className, file }: Component, ...known: readonly string[]): void {
  if (!known.includes(className))
    throw new EpdError(
      'model-invalid',
      `${file}: a ${className || 'nameless class'} is not supported; known are ${known.join(' and ')}`
    )
}

/** The settings of transformers' towers, with the defaults of their classes. */
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
  return { ...towerOf(read), vocabulary: read.count('vocab_size'), tokens: read.tokens('max_position_embeddings') }
}

/**
 * The text tower's tensors by the names that transformers 4 gives them. Version 5 leaves out the beginning that all
 * names of a CLIPTextModel share.
 */
export function clipTextTensors(tensors: Tensors): Tensors {
  if (!tensors.has('embeddings.token_embedding.weight'))
    return new Map(
      [...tensors].filter(([name]) => !/^(vision_model|visual_projection|text_projection|logit_scale)\b/.test(name))
    )
  return renamed(
    tensors,
    name => `text_model.${name}`,
    name => name.replace(/^text_model\./, '')
  )
}

/** The image tower of a CLIPModel. */
export function clipImageConfig(component: Component): ClipImageConfig {
  const read = clipPart(component, 'vision_config')
  if (read.count('num_channels') !== 3) throw read.unsupported('num_channels', read.value('num_channels'))
  return { ...towerOf(read), side: read.count('image_size'), patch: read.count('patch_size') }
}

/**
 * The configuration of a tower, checked key by key: its own, or the part of a CLIPModel's. Old versions of transformers
 * wrote the part a second time, which a CLIPModel prefers and a CLIPTextModel does not read, so the two must agree.
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
      `${file}: ${name}_dict says that ${differing} is ${JSON.stringify(valueOf(again, differing))}, but ${name} ` +
        `says ${JSON.stringify(valueOf(part, differing))}`
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
  // These say how answers are handed back.
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

/** The keys that would make another network, with the values that do not. */
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
    layers: read.layers('num_hidden_layers'),
    heads: read.count('num_attention_heads'),
    inner: read.count('intermediate_size'),
    activation: read.text('hidden_act', ['quick_gelu', 'gelu'], 'quick_gelu'),
    ...(eps !== SHARED.layer_norm_eps && { eps })
  }
}
