import type { Ops } from '../engines/ops.js'
import { positionalEmbedding } from './embedding.js'
import { channelsOf, conv2d, groupNorm, linear } from './layers.js'
import type { NetworkInput, NetworkOutput } from './network.js'
import { spatialTransformer, type TransformerConfig } from './spatial-transformer.js'
import { attentionBlock, residualBlock, type BlockOptions, type BlockStyle } from './unet-block.js'

/** The channels of an attention head in all networks that guided-diffusion and consistency models publish. */
export const HEAD_CHANNELS = 64

export interface GuidedUNetConfig {
  readonly outChannels: number
  readonly labelDim: number
  readonly modelChannels: number
  readonly channelMult: readonly number[]
  readonly numBlocks: number
  /** The factors by which an image is smaller where attention looks at it: 1, 2, 4, ... */
  readonly attentionDownsampling: readonly number[]
  readonly heads: (channels: number) => number
  /**
   * The older order of guided-diffusion is head-qkv-channel; its newer one, and consistency models', qkv-head-channel.
   */
  readonly attentionOrder: 'head-qkv-channel' | 'qkv-head-channel'
  /**
   * The dimensions of the attention's weights behind their channels: one in guided-diffusion, two in consistency
   * models.
   */
  readonly attentionKernel: readonly number[]
  /** Whether the embedding scales and shifts, or only shifts. */
  readonly adaptiveScale: boolean
  /** Whether images are resampled within residual blocks, or between them by a convolution. */
  readonly resampleInBlocks: boolean
  /** The transformer in the place of attention, where the network is given a context. */
  readonly transformer?: TransformerConfig
}

/** The arguments of the network with the parts that its encoder and its decoder share. */
interface Parts<T> extends GuidedUNetConfig {
  readonly ops: Ops<T>
  readonly residual: (name: string, x: T, options: BlockOptions) => T
  /** Attention over an image, or a transformer over it and the context. */
  readonly attend: (name: string, x: T) => T
}

/**
 * ADM (Dhariwal & Nichol 2021, arXiv 2105.05233) as guided-diffusion publishes it, and consistency models (Song et al.
 * 2023, arXiv 2303.01469) and latent diffusion (Rombach et al. 2022, arXiv 2112.10752) after it. Names are those of
 * their state dicts.
 */
export function guidedUNet<T>(ops: Ops<T>, config: GuidedUNetConfig, input: NetworkInput<T>): NetworkOutput<T> {
  const style = styleOf(config)
  const parts = partsOf(ops, config, input, style)
  const { bottleneck, skips } = encode(parts, input.x)
  const x = decode(parts, bottleneck, skips)
  const normal = ops.silu(groupNorm(ops, 'out.0', x, style.groups(channelsOf(ops, x)), style.epsilon))
  return { image: conv2d(ops, 'out.2', normal, { out: config.outChannels, kernel: 3 }), bottleneck }
}

function partsOf<T>(ops: Ops<T>, config: GuidedUNetConfig, input: NetworkInput<T>, style: BlockStyle): Parts<T> {
  const embedding = embed(ops, config, input)
  const { transformer } = config
  return {
    ...config,
    ops,
    residual: (name, x, options) => residualBlock(ops, style, name, x, embedding, options),
    attend(name, x) {
      if (!transformer) return attentionBlock(ops, style, name, x)
      if (input.context === undefined) throw new RangeError('a network with cross-attention needs a context')
      const [heads, groups] = [config.heads(channelsOf(ops, x)), style.groups(channelsOf(ops, x))]
      return spatialTransformer(ops, name, x, input.context, { ...transformer, heads, groups })
    }
  }
}

/** The encoder and the middle. `skips`: the images that the decoder is given beside its own, the last first. */
function encode<T>(parts: Parts<T>, image: T): { readonly bottleneck: T; readonly skips: readonly T[] } {
  const { ops, residual, attend, modelChannels, channelMult, numBlocks, attentionDownsampling } = parts
  const skips: T[] = []
  const keep = (x: T) => {
    skips.push(x)
    return x
  }
  const next = () => `input_blocks.${skips.length}`
  let x = keep(conv2d(ops, `${next()}.0`, image, { out: Math.floor(channelMult[0] * modelChannels), kernel: 3 }))
  for (const [level, mult] of channelMult.entries()) {
    if (level > 0) {
      const [name, out] = [`${next()}.0`, channelsOf(ops, x)]
      x = keep(parts.resampleInBlocks ? residual(name, x, { out, down: true }) : halve(ops, `${name}.op`, x))
    }
    for (let i = 0; i < numBlocks; i++) {
      const name = next()
      x = residual(`${name}.0`, x, { out: Math.floor(mult * modelChannels) })
      x = keep(attentionDownsampling.includes(2 ** level) ? attend(`${name}.1`, x) : x)
    }
  }
  x = residual('middle_block.0', x, { out: channelsOf(ops, x) })
  x = attend('middle_block.1', x)
  return { bottleneck: residual('middle_block.2', x, { out: channelsOf(ops, x) }), skips }
}

function decode<T>(parts: Parts<T>, bottleneck: T, skips: readonly T[]): T {
  const { ops, residual, attend, modelChannels, channelMult, numBlocks, attentionDownsampling } = parts
  const waiting = [...skips]
  let x = bottleneck
  let count = 0
  for (const [level, mult] of [...channelMult.entries()].reverse())
    for (let i = 0; i <= numBlocks; i++) {
      const name = `output_blocks.${count++}`
      const skip = waiting.pop()
      if (skip !== undefined) x = ops.concat([x, skip], 1)
      x = residual(`${name}.0`, x, { out: Math.floor(mult * modelChannels) })
      let part = 1
      if (attentionDownsampling.includes(2 ** level)) x = attend(`${name}.${part++}`, x)
      if (level === 0 || i < numBlocks) continue
      const [last, out] = [`${name}.${part}`, channelsOf(ops, x)]
      x = parts.resampleInBlocks
        ? residual(last, x, { out, up: true })
        : conv2d(ops, `${last}.conv`, x, { out, kernel: 3, up: true })
    }
  return x
}

/** The style of guided-diffusion's blocks. */
export function styleOf({
  adaptiveScale,
  heads,
  attentionOrder,
  attentionKernel
}: Pick<GuidedUNetConfig, 'adaptiveScale' | 'heads' | 'attentionOrder' | 'attentionKernel'>): BlockStyle {
  return {
    epsilon: 1e-5,
    groups: () => 32,
    skipScale: 1,
    filter: [1, 1],
    projectSkip: false,
    adaptiveScale,
    names: {
      ...{ norm0: 'in_layers.0', conv0: 'in_layers.2', affine: 'emb_layers.1' },
      ...{ norm1: 'out_layers.0', conv1: 'out_layers.3', skip: 'skip_connection' }
    },
    attention: {
      heads,
      names: { norm: 'norm', qkv: 'qkv', proj: 'proj_out' },
      order: attentionOrder,
      kernel: attentionKernel
    }
  }
}

function embed<T>(ops: Ops<T>, { modelChannels, labelDim }: GuidedUNetConfig, { noise, labels }: NetworkInput<T>): T {
  const channels = 4 * modelChannels
  const time = timeEmbedding(ops, modelChannels, noise)
  if (labels === undefined) return ops.silu(time)
  const classes = ops.transpose(ops.parameter('label_emb.weight', [labelDim, channels]), [1, 0])
  return ops.silu(ops.add(time, ops.linear(labels, classes)))
}

/** The embedding of the noise level, [batch, 4 modelChannels]. */
export function timeEmbedding<T>(ops: Ops<T>, modelChannels: number, noise: T): T {
  const channels = 4 * modelChannels
  const waves = positionalEmbedding(ops, noise, modelChannels)
  return linear(ops, 'time_embed.2', ops.silu(linear(ops, 'time_embed.0', waves, channels)), channels)
}

/** Halves an image by a convolution at every other pixel. */
function halve<T>(ops: Ops<T>, name: string, x: T): T {
  const channels = channelsOf(ops, x)
  const weight = ops.parameter(`${name}.weight`, [channels, channels, 3, 3])
  return ops.conv2d(x, weight, ops.parameter(`${name}.bias`, [channels]), { stride: 2, padding: 1 })
}
