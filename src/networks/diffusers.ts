import { type NetworkCheckpoint, type Tensor } from '../checkpoints/tensor.js'
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
