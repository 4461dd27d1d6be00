import type { Ops } from '../engines/ops.js'
import { positionalEmbedding } from './embedding.js'
import { conv2d, groupNorm, linear } from './layers.js'
import type { NetworkInput, NetworkOutput } from './network.js'
import { spatialTransformer, type TransformerConfig } from './spatial-transformer.js'
import { attentionBlock, residualBlock, type BlockOptions, type BlockStyle } from './unet-block.js'

export interface GuidedUNetConfig {
  readonly outChannels: number
  readonly labelDim: number
  readonly modelChannels: number
  readonly channelMult: readonly number[]
  readonly numBlocks: number
  /** By how much an image is smaller where attention looks at it: 1, 2, 4, ... */
  readonly attentionDownsampling: readonly number[]
  readonly heads: (channels: number) => number
  /** guided-diffusion's older order is head-qkv-channel, its newer one and that of consistency models qkv-head-channel. */
  readonly attentionOrder: 'head-qkv-channel' | 'qkv-head-channel' | 'separate'
  /** Dimensions of the attention's weights behind their channels: one in guided-diffusion, two in consistency models. */
  readonly attentionKernel: readonly number[]
  /** Whether the embedding scales and shifts, or only shifts. */
  readonly adaptiveScale: boolean
  /** Whether images are resampled within residual blocks, or between them by a convolution. */
  readonly resampleInBlocks: boolean
  /** What stands in the place of attention where the network is given a context. */
  readonly transformer?: TransformerConfig
  /** Of group normalisations; default: 32 groups, 1e-5. */
  readonly groups?: number
  readonly epsilon?: number
  readonly time?: TimeEmbedding
  /** Whether images become smaller with zeros below and to the right alone, as in the first DDPM. */
  readonly cornerPadding?: boolean
}

/** How the noise level's waves come: default, cosines first, and frequencies that end before 1/10000. */
export interface TimeEmbedding {
  readonly endpoint: boolean
  readonly sineFirst: boolean
}

/**
 * ADM (Dhariwal & Nichol 2021, arXiv 2105.05233) as guided-diffusion publishes it, and consistency models (Song et al. 2023,
 * arXiv 2303.01469) and latent diffusion (Rombach et al. 2022, arXiv 2112.10752) after it; DDPM (Ho et al. 2020, arXiv 2006.11239) has the same
 * shape. Names are those of the first three's state dicts.
 */
export function guidedUNet<T>(ops: Ops<T>, config: GuidedUNetConfig, input: NetworkInput<T>): NetworkOutput<T> {
  const { modelChannels, channelMult, numBlocks, attentionDownsampling, resampleInBlocks, outChannels, transformer } =
    config
  const style = styleOf(config)
  const embedding = embed(ops, config, input)
  const residual = (name: string, x: T, options: BlockOptions) => residualBlock(ops, style, name, x, embedding, options)
  const channelsOf = (x: T) => ops.shape(x)[1]
  const attend = (name: string, x: T) => {
    if (!transformer) return attentionBlock(ops, style, name, x)
    if (input.context === undefined) throw new RangeError('a network with cross-attention needs a context')
    const [heads, groups] = [config.heads(channelsOf(x)), style.groups(channelsOf(x))]
    return spatialTransformer(ops, name, x, input.context, { ...transformer, heads, groups })
  }
  const isAttended = (level: number) => attentionDownsampling.includes(2 ** level)

  const skips: T[] = []
  const keep = (x: T) => {
    skips.push(x)
    return x
  }
  const next = () => `input_blocks.${skips.length}`
  let x = keep(conv2d(ops, `${next()}.0`, input.x, { out: Math.floor(channelMult[0] * modelChannels), kernel: 3 }))
  for (const [level, mult] of channelMult.entries()) {
    if (level > 0) {
      const [name, out] = [`${next()}.0`, channelsOf(x)]
      x = keep(
        resampleInBlocks ? residual(name, x, { out, down: true }) : halve(ops, `${name}.op`, x, config.cornerPadding)
      )
    }
    for (let i = 0; i < numBlocks; i++) {
      const name = next()
      x = residual(`${name}.0`, x, { out: Math.floor(mult * modelChannels) })
      x = keep(isAttended(level) ? attend(`${name}.1`, x) : x)
    }
  }

  x = residual('middle_block.0', x, { out: channelsOf(x) })
  x = attend('middle_block.1', x)
  x = residual('middle_block.2', x, { out: channelsOf(x) })

  const bottleneck = x
  let count = 0
  for (const [level, mult] of [...channelMult.entries()].reverse()) {
    for (let i = 0; i <= numBlocks; i++) {
      const name = `output_blocks.${count++}`
      const skip = skips.pop()
      if (skip !== undefined) x = ops.concat([x, skip], 1)
      x = residual(`${name}.0`, x, { out: Math.floor(mult * modelChannels) })
      let part = 1
      if (isAttended(level)) x = attend(`${name}.${part++}`, x)
      if (level === 0 || i < numBlocks) continue
      const [last, out] = [`${name}.${part}`, channelsOf(x)]
      x = resampleInBlocks
        ? residual(last, x, { out, up: true })
        : conv2d(ops, `${last}.conv`, x, { out, kernel: 3, up: true })
    }
  }
  const normal = ops.silu(groupNorm(ops, 'out.0', x, style.groups(channelsOf(x)), style.epsilon))
  return { image: conv2d(ops, 'out.2', normal, { out: outChannels, kernel: 3 }), bottleneck }
}

/** The blocks of guided-diffusion. */
export function styleOf({
  adaptiveScale,
  heads,
  attentionOrder,
  attentionKernel,
  groups = 32,
  epsilon = 1e-5
}: Pick<
  GuidedUNetConfig,
  'adaptiveScale' | 'heads' | 'attentionOrder' | 'attentionKernel' | 'groups' | 'epsilon'
>): BlockStyle {
  return {
    epsilon,
    groups: () => groups,
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

function embed<T>(
  ops: Ops<T>,
  { modelChannels, labelDim, time: waves }: GuidedUNetConfig,
  { noise, labels }: NetworkInput<T>
): T {
  const channels = 4 * modelChannels
  const time = timeEmbedding(ops, modelChannels, noise, waves)
  if (labels === undefined) return ops.silu(time)
  const classes = ops.transpose(ops.parameter('label_emb.weight', [labelDim, channels]), [1, 0])
  return ops.silu(ops.add(time, ops.linear(labels, classes)))
}

/** Of the noise level, [batch, 4 modelChannels]. */
export function timeEmbedding<T>(
  ops: Ops<T>,
  modelChannels: number,
  noise: T,
  { endpoint, sineFirst }: TimeEmbedding = { endpoint: false, sineFirst: false }
): T {
  const channels = 4 * modelChannels
  const waves = positionalEmbedding(ops, noise, modelChannels, endpoint, sineFirst)
  return linear(ops, 'time_embed.2', ops.silu(linear(ops, 'time_embed.0', waves, channels)), channels)
}

/** A convolution at every other pixel. A kernel with a row and a column of zeros before it sees zeros behind an image alone. */
function halve<T>(ops: Ops<T>, name: string, x: T, corner = false): T {
  const [, channels] = ops.shape(x)
  const weight = ops.parameter(`${name}.weight`, [channels, channels, 3, 3])
  const zeros = (...shape: readonly number[]) =>
    ops.constant(new Float32Array(shape.reduce((all, size) => all * size, channels ** 2)), [
      channels,
      channels,
      ...shape
    ])
  const kernel = corner ? ops.concat([zeros(4, 1), ops.concat([zeros(1, 3), weight], 2)], 3) : weight
  return ops.conv2d(x, kernel, ops.parameter(`${name}.bias`, [channels]), { stride: 2, padding: 1 })
}
