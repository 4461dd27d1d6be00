import type { NetworkCheckpoint } from '../checkpoints/tensor.js'
import type { Arguments } from './arguments.js'
import { guidedUNet, HEAD_CHANNELS, type GuidedUNetConfig } from './guided-unet.js'
import { pixelsOfLast, type Description, type Network, type NetworkFamily } from './network.js'
import { numberedBlocks, shapesOf } from './tensor-names.js'

type Tensors = NetworkCheckpoint['tensors']

/**
 * The UNetModel of guided-diffusion, consistency models and latent diffusion, by its authors' arguments. Two arguments
 * are this project's own: `flat_attention`, whether attention's weights have one kernel dimension, and
 * `context_tokens`.
 */
export const UNET_MODEL: NetworkFamily = {
  name: 'UNetModel',
  describe(read) {
    const side = read.count('image_size')
    const contextDim = read.count('context_dim', 0)
    const config = configOf(read, contextDim)
    return {
      architecture: 'GuidedUNet',
      size: [side, side],
      inChannels: read.count('in_channels', 3),
      labelDim: config.labelDim,
      context: contextDim > 0 ? { tokens: read.count('context_tokens', 77), width: contextDim } : undefined,
      ...guidedNetwork(config, side)
    }
  },
  recognise: tensors =>
    tensors.has('time_embed.0.weight') && tensors.has('input_blocks.0.0.weight') ? described(tensors) : undefined
}

/** The part of a network of guided-diffusion's descent that follows from its arguments and the side of its images. */
export function guidedNetwork(config: GuidedUNetConfig, side: number): Pick<Network, 'apply' | 'bottleneckPixels'> {
  return {
    bottleneckPixels: pixelsOfLast([side, side], config.channelMult.length),
    apply: (ops, input) => guidedUNet(ops, config, input)
  }
}

function configOf(read: Arguments, contextDim: number): GuidedUNetConfig {
  const flat = read.flag('flat_attention', true)
  return {
    outChannels: read.count('out_channels', read.count('in_channels', 3)),
    labelDim: read.count('num_classes', 0),
    modelChannels: read.count('model_channels'),
    channelMult: read.numbers('channel_mult'),
    numBlocks: read.layers('num_res_blocks'),
    attentionDownsampling: read.counts('attention_resolutions', []),
    heads: headsOf(read),
    attentionOrder: read.flag('use_new_attention_order', !flat) ? 'qkv-head-channel' : 'head-qkv-channel',
    attentionKernel: flat ? [1] : [1, 1],
    adaptiveScale: read.flag('use_scale_shift_norm', true),
    resampleInBlocks: read.flag('resblock_updown', false),
    transformer:
      contextDim > 0
        ? {
            contextDim,
            depth: read.layers('transformer_depth', 1),
            linearProjection: read.flag('use_linear_in_transformer', false)
          }
        : undefined
  }
}

/** The number of attention's heads by its channels. The channels of a head win where both are given. */
function headsOf(read: Arguments): (channels: number) => number {
  const [perHead, heads] = [read.count('num_head_channels', 0), read.count('num_heads', 1)]
  if (perHead > 0) return channels => parts(read, 'num_head_channels', perHead, channels)
  return channels => {
    parts(read, 'num_heads', heads, channels)
    return heads
  }
}

/** The number of parts of a size that the channels make. @throws EpdError `model-invalid` where a rest is left */
function parts(read: Arguments, name: string, part: number, channels: number): number {
  if (channels % part !== 0) throw read.unsupported(name, part, `which does not divide ${channels} channels`)
  return channels / part
}

/** The side of an image by the channels of a U-Net's levels, as both authors choose them. */
const RESOLUTIONS = new Map([
  ['0.5,1,1,2,2,4,4', 512],
  ['1,1,2,2,4,4', 256],
  ['1,1,2,3,4', 128],
  ['1,2,3,4', 64]
])

/** A U-Net of guided-diffusion or of consistency models, which the weights of their attention tell apart. */
function described(tensors: Tensors): Description {
  const sizes = shapesOf(tensors)
  const modelChannels = sizes('time_embed.0.weight')[1]
  const [, inChannels] = sizes('input_blocks.0.0.weight')
  const [outChannels] = sizes('out.2.weight')
  const { numBlocks, firsts } = levelsOf(tensors)
  const channelMult = firsts.map(name => sizes(`${name}.0.in_layers.2.weight`)[0] / modelChannels)
  const flat = sizes('middle_block.1.qkv.weight').length === 3
  const resolution = RESOLUTIONS.get(channelMult.join(','))
  return {
    className: flat ? 'GuidedDiffusion' : 'KarrasDenoiser',
    initKwargs: {
      model_type: UNET_MODEL.name,
      image_size: resolution,
      in_channels: inChannels,
      out_channels: outChannels,
      model_channels: modelChannels,
      channel_mult: channelMult,
      num_res_blocks: numBlocks,
      attention_resolutions: firsts.flatMap((name, level) =>
        ['qkv', 'proj_in'].some(layer => tensors.has(`${name}.1.${layer}.weight`)) ? [2 ** level] : []
      ),
      num_classes: sizes('label_emb.weight').at(0) ?? 0,
      num_head_channels: HEAD_CHANNELS,
      use_scale_shift_norm: sizes('middle_block.0.emb_layers.1.bias')[0] > sizes('middle_block.0.in_layers.2.bias')[0],
      resblock_updown: ![...tensors.keys()].some(name => name.endsWith('.0.op.weight')),
      flat_attention: flat,
      learn_sigma: outChannels === 2 * inChannels,
      noise_schedule: resolution === 64 ? 'cosine' : 'linear'
    }
  }
}

/** The residual blocks of each level, and the names of each level's first input block. */
function levelsOf(tensors: Tensors): { readonly numBlocks: number; readonly firsts: readonly string[] } {
  const levels = 1 + numberedBlocks(tensors, 'output_blocks').filter(parts => parts.some(isUp)).length
  const numBlocks = numberedBlocks(tensors, 'input_blocks').length / levels - 1
  const firsts = Array.from({ length: levels }, (_, level) => `input_blocks.${1 + level * (numBlocks + 1)}`)
  return { numBlocks, firsts }
}

/** Whether a part of an output block makes the image larger: a residual block or a convolution behind the first. */
function isUp(part: string): boolean {
  return /^[12]\.(in_layers\.0|conv)\.weight$/.test(part)
}

/**
 * The arguments of latent diffusion's UNetModel, as far as its tensors tell: all but its heads and the side of its
 * latents. The result is undefined for tensors of another network.
 */
export function recogniseLatentUnet(tensors: Tensors): NetworkCheckpoint['initKwargs'] | undefined {
  const recognised = UNET_MODEL.recognise?.(tensors)
  if (!recognised) return undefined
  const sizes = shapesOf(tensors)
  const transformer = 'middle_block.1.transformer_blocks'
  const [, contextDim] = sizes(`${transformer}.0.attn2.to_k.weight`)
  const depth = numberedBlocks(tensors, transformer).length
  const linear = sizes('middle_block.1.proj_in.weight').length === 2
  return {
    ...recognised.initKwargs,
    image_size: undefined,
    num_head_channels: undefined,
    noise_schedule: undefined,
    ...(depth > 0 && { context_dim: contextDim, transformer_depth: depth, use_linear_in_transformer: linear })
  }
}
