import { type NetworkCheckpoint, type Tensor } from '../checkpoints/tensor.js'
import type { Component } from '../checkpoints/diffusers.js'
import { EpdError } from '../errors.js'
import { argumentsOf, type Arguments } from './arguments.js'
import type { DecoderConfig } from './autoencoder.js'
import type { ClipImageConfig, ClipTextConfig, ClipTowerConfig } from './clip.js'
import { settingsOf } from './diffusers-classes.js'
import { activation, diffusersNetwork, groupsOf, levelChannels } from './diffusers-unet-config.js'
import type { Size } from './network.js'

type Tensors = NetworkCheckpoint['tensors']
type Config = Component['config']

/**
 * The arguments of a UNet2DModel or UNet2DConditionModel, those that its config.json leaves out too, for `networkOf`. `size`: of its images, where
 * it is not that of the file.
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

function renamed(tensors: Tensors, rename: (name: string) => string): Map<string, Tensor> {
  return new Map([...tensors].map(([name, tensor]) => [rename(name), tensor]))
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
      numBlocks: read.count('layers_per_block'),
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
  return new Map(
    [...renamed(decoding, attentionName)].map(([name, tensor]) => [
      name,
      /\.attentions\.\d+\.to_.*\.weight$/.test(name) ? { ...tensor, shape: tensor.shape.slice(0, 2) } : tensor
    ])
  )
}

function checkClass({ className, file }: Component, ...known: readonly string[]): void {
  if (!known.includes(className))
    throw new EpdError(
      'model-invalid',
      `${file}: a ${className || 'nameless class'} is not supported; known are ${known.join(' and ')}`
    )
}

/** A CLIPTextModel, or the text tower of a CLIPModel. */
export function clipTextConfig(component: Component): ClipTextConfig {
  const { config, file } = component
  checkClass(component, 'CLIPTextModel', 'CLIPModel')
  const read = argumentsOf(partOf(config, 'text_config'), `${file}: `)
  return {
    ...towerOf(read, { hidden_size: 512, num_hidden_layers: 12, num_attention_heads: 8, intermediate_size: 2048 }),
    vocabulary: read.count('vocab_size', 49408),
    tokens: read.count('max_position_embeddings', 77)
  }
}

/** The image tower of a CLIPModel. */
export function clipImageConfig({ config, file }: Component): ClipImageConfig {
  const read = argumentsOf(partOf(config, 'vision_config'), `${file}: `)
  return {
    ...towerOf(read, { hidden_size: 768, num_hidden_layers: 12, num_attention_heads: 12, intermediate_size: 3072 }),
    side: read.count('image_size', 224),
    patch: read.count('patch_size', 32)
  }
}

function partOf(config: Config, name: string): Config {
  const part = config[name]
  return typeof part === 'object' && part !== null ? { ...part } : config
}

function towerOf(read: Arguments, defaults: Readonly<Record<string, number>>): ClipTowerConfig {
  const count = (name: string) => read.count(name, defaults[name])
  return {
    width: count('hidden_size'),
    layers: count('num_hidden_layers'),
    heads: count('num_attention_heads'),
    inner: count('intermediate_size'),
    activation: read.text('hidden_act', ['quick_gelu', 'gelu'], 'quick_gelu')
  }
}
