import type { Recipe } from '../engines/recipe.js'
import type { Ops } from '../engines/ops.js'
import { argumentsOf, type Arguments } from './arguments.js'
import { dhariwalUNet, type DhariwalUNetConfig } from './dhariwal-unet.js'
import { diffusersUNet, type DiffusersUNetConfig } from './diffusers-unet.js'
import { diffusersNetwork, sizesWithin } from './diffusers-unet-config.js'
import { guidedUNet, type GuidedUNetConfig } from './guided-unet.js'
import { channelMean } from './layers.js'
import { songUNet, type SongUNetConfig } from './song-unet.js'

/** What a network is given. */
export interface NetworkInput<T> {
  /** [batch, channels, height, width] */
  readonly x: T
  /** The noise level as the network was trained to read it, [batch, 1]. */
  readonly noise: T
  /** One-hot classes or zeros, [batch, labelDim]; undefined for an unconditional network. */
  readonly labels?: T
  /** What a network with cross-attention looks at, [batch, tokens, width]. */
  readonly context?: T
}

/** What a network answers. */
export interface NetworkOutput<T> {
  /** [batch, channels, height, width] */
  readonly image: T
  /** What its encoder hands to its decoder, [batch, any channels, height, width], the smallest image within the network. */
  readonly bottleneck: T
}

/** A network's architecture, with its input and output. */
export type Network = {
  /** Height and width of an image. */
  readonly size: Size
  readonly inChannels: number
  readonly labelDim: number
  /** Of the context, for a network with cross-attention. */
  readonly context?: { readonly tokens: number; readonly width: number }
} & (
  | { readonly architecture: 'SongUNet'; readonly config: SongUNetConfig }
  | { readonly architecture: 'DhariwalUNet'; readonly config: DhariwalUNetConfig }
  | { readonly architecture: 'GuidedUNet'; readonly config: GuidedUNetConfig }
  | { readonly architecture: 'UNet2DModel' | 'UNet2DConditionModel'; readonly config: DiffusersUNetConfig }
)

export type Size = readonly [height: number, width: number]

function apply<T>(ops: Ops<T>, network: Network, input: NetworkInput<T>): NetworkOutput<T> {
  switch (network.architecture) {
    case 'SongUNet':
      return songUNet(ops, network.config, input)
    case 'DhariwalUNet':
      return dhariwalUNet(ops, network.config, input)
    case 'GuidedUNet':
      return guidedUNet(ops, network.config, input)
    case 'UNet2DModel':
    case 'UNet2DConditionModel':
      return diffusersUNet(ops, network.config, input)
  }
}

/** Pixels of a network's bottleneck: each level after the first halves the image. */
export function bottleneckPixels({ size, ...network }: Network): number {
  if ('down' in network.config) return pixels(sizesWithin(network.config, size).at(-1) ?? size)
  const halvings = network.config.channelMult.length - 1
  return pixels([size[0] >> halvings, size[1] >> halvings])
}

function pixels([height, width]: Size): number {
  return height * width
}

/** Names of a compiled network's inputs, beside `x`. */
export const INPUTS = { x: 'x', noise: 'noise', labels: 'labels', context: 'context' } as const

/** A denoising network with inputs x, noise and, if it knows classes, labels; it answers an image and the mean of its bottleneck's channels. */
export function denoisingRecipe(network: Network): Recipe {
  const { architecture, size, inChannels, labelDim, context } = network
  return {
    name: architecture,
    build(graph) {
      const { image, bottleneck } = apply(graph.ops, network, {
        x: graph.input(INPUTS.x, [-1, inChannels, ...size]),
        noise: graph.input(INPUTS.noise, [-1, 1]),
        labels: labelDim > 0 ? graph.input(INPUTS.labels, [-1, labelDim]) : undefined,
        context: context && graph.input(INPUTS.context, [-1, context.tokens, context.width])
      })
      return [image, channelMean(graph.ops, bottleneck)]
    },
    // Buffers that follow from the arguments.
    ignores: tensor => tensor.endsWith('.resample_filter')
  }
}

/**
 * The network that its arguments describe: those of an EDM preconditioning class, with EDM's defaults for what they leave out,
 * or, by `model_type`, those of guided-diffusion's UNetModel or of diffusers' UNet2DModel and UNet2DConditionModel.
 * @throws EpdError `model-invalid` that names an unknown architecture or a value of the wrong kind
 */
export function networkOf(kwargs: Readonly<Record<string, unknown>>, learnedVariance = false): Network {
  const read = argumentsOf(kwargs, "the checkpoint's ")
  const known = ['SongUNet', 'DhariwalUNet', 'UNetModel', 'UNet2DModel', 'UNet2DConditionModel'] as const
  const architecture = read.text('model_type', known, 'DhariwalUNet')
  if (architecture === 'UNetModel') return guidedNetwork(read)
  if (architecture === 'UNet2DModel' || architecture === 'UNet2DConditionModel')
    return diffusersNetwork(read, architecture)
  const resolution = read.count('img_resolution')
  const inChannels = read.count('img_channels')
  const labelDim = read.count('label_dim', 0)
  const shared = {
    resolution,
    outChannels: learnedVariance ? 2 * inChannels : inChannels,
    labelDim,
    augmentDim: read.count('augment_dim', 0),
    channelMultEmb: read.count('channel_mult_emb', 4)
  }
  const base = { size: [resolution, resolution], inChannels, labelDim } as const
  if (architecture === 'DhariwalUNet')
    return {
      ...base,
      architecture,
      config: {
        ...shared,
        channelMult: read.counts('channel_mult', [1, 2, 3, 4]),
        modelChannels: read.count('model_channels', 192),
        numBlocks: read.count('num_blocks', 3),
        attentionResolutions: read.counts('attn_resolutions', [32, 16, 8])
      }
    }
  return {
    ...base,
    architecture,
    config: {
      ...shared,
      channelMult: read.counts('channel_mult', [1, 2, 2, 2]),
      modelChannels: read.count('model_channels', 128),
      channelMultNoise: read.count('channel_mult_noise', 1),
      numBlocks: read.count('num_blocks', 4),
      attentionResolutions: read.counts('attn_resolutions', [16]),
      embedding: read.text('embedding_type', ['positional', 'fourier'], 'positional'),
      encoder: read.text('encoder_type', ['standard', 'skip', 'residual'], 'standard'),
      decoder: read.text('decoder_type', ['standard', 'skip'], 'standard'),
      filter: read.counts('resample_filter', [1, 1])
    }
  }
}

/**
 * By the arguments of guided-diffusion's and latent diffusion's UNetModel. Of our own: `flat_attention`, whether attention's weights have one
 * kernel dimension; `context_tokens`.
 */
function guidedNetwork(read: Arguments): Network {
  const side = read.count('image_size')
  const inChannels = read.count('in_channels', 3)
  const labelDim = read.count('num_classes', 0)
  const flat = read.flag('flat_attention', true)
  const [perHead, heads] = [read.count('num_head_channels', 0), read.count('num_heads', 1)]
  const contextDim = read.count('context_dim', 0)
  const order = read.flag('use_new_attention_order', !flat) ? 'qkv-head-channel' : 'head-qkv-channel'
  return {
    architecture: 'GuidedUNet',
    size: [side, side],
    inChannels,
    labelDim,
    context: contextDim > 0 ? { tokens: read.count('context_tokens', 77), width: contextDim } : undefined,
    config: {
      outChannels: read.count('out_channels', inChannels),
      labelDim,
      modelChannels: read.count('model_channels'),
      channelMult: read.numbers('channel_mult'),
      numBlocks: read.count('num_res_blocks'),
      attentionDownsampling: read.counts('attention_resolutions', []),
      heads(channels) {
        if (perHead > 0) return shared(read, 'num_head_channels', perHead, channels)
        shared(read, 'num_heads', heads, channels)
        return heads
      },
      attentionOrder: order,
      attentionKernel: flat ? [1] : [1, 1],
      adaptiveScale: read.flag('use_scale_shift_norm', true),
      resampleInBlocks: read.flag('resblock_updown', false),
      transformer:
        contextDim > 0
          ? {
              contextDim,
              depth: read.count('transformer_depth', 1),
              linearProjection: read.flag('use_linear_in_transformer', false)
            }
          : undefined
    }
  }
}

/** How often a number of channels holds another. */
function shared(read: Arguments, name: string, part: number, channels: number): number {
  if (channels % part !== 0) throw read.unsupported(name, part, `which does not divide ${channels} channels`)
  return channels / part
}
