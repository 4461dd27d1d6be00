import type { Ops } from '../engines/ops.js'
import { embeddingOf, type EmbeddingConfig } from './diffusers-embedding.js'
import { activate, channelsOf, conv2d, groupNorm, linear, scale, type Activation } from './layers.js'
import type { NetworkInput, NetworkOutput } from './network.js'
import { resizeNearest } from './resize.js'
import { spatialTransformer } from './spatial-transformer.js'
import { attentionBlock, residualBlock, type BlockStyle } from './unet-block.js'

/** A UNet2DModel or UNet2DConditionModel of diffusers. */
export interface DiffusersUNetConfig {
  readonly outChannels: number
  /** Whether images are taken from 0..1 to -1..1 first. */
  readonly centered: boolean
  readonly embedding: EmbeddingConfig
  /** The sides of the first and of the last convolution's kernel. */
  readonly kernels: readonly [first: number, last: number]
  /** The channels behind the first convolution. */
  readonly channels: number
  readonly groups: number
  readonly epsilon: number
  readonly adaptiveScale: boolean
  /** The activations within residual blocks, and behind the last of them. */
  readonly activations: { readonly blocks: Activation; readonly last: Activation }
  /** The levels from the whole image to the smallest, and back. */
  readonly down: readonly LevelConfig[]
  readonly middle?: MiddleConfig
  readonly up: readonly LevelConfig[]
  /** Whether images become smaller with zeros below and to the right alone, as in the first DDPM. */
  readonly cornerPadding: boolean
  /** Whether cross-attention's first and last layer have weights without kernel dimensions. */
  readonly linearProjection: boolean
  /** The width that tokens of the context are brought to, where there is a layer for that. */
  readonly contextDim?: number
  /** Whether the answer is divided by the noise level. */
  readonly dividesByNoise: boolean
}

export interface LevelConfig {
  readonly channels: number
  readonly layers: number
  /** The attention behind each layer's residual block. */
  readonly attention?: readonly AttentionConfig[]
  /** The layer that resamples the image behind the level, if any: a convolution or a residual block. */
  readonly resample?: 'convolution' | 'block'
  readonly residual: ResidualConfig
}

export interface ResidualConfig {
  /** The number by which the sum of a block and its skip is divided. */
  readonly divisor: number
  /** Whether the embedding is taken as it is, without the activation before. */
  readonly plainEmbedding: boolean
}

interface MiddleConfig {
  /** Whether there is a second residual block, behind the attention. */
  readonly second: boolean
  readonly attention?: AttentionConfig
  readonly residual: ResidualConfig
}

export type AttentionConfig = { readonly heads: number; readonly size: number } & (
  | { readonly kind: 'pixels'; readonly groups?: number; readonly divisor: number }
  | { readonly kind: 'context'; readonly depth: number; readonly onlyContext: boolean }
)

/** The names of a residual block's layers, and of attention's, in diffusers. */
export const RESIDUAL_NAMES = {
  ...{ norm0: 'norm1', conv0: 'conv1', affine: 'time_emb_proj' },
  ...{ norm1: 'norm2', conv1: 'conv2', skip: 'conv_shortcut' }
} as const
export const ATTENTION_NAMES = {
  norm: 'group_norm',
  qkv: '',
  proj: 'to_out.0',
  parts: ['to_q', 'to_k', 'to_v']
} as const

/**
 * The U-Net of DDPM (Ho et al. 2020, arXiv 2006.11239) and of Stable Diffusion, with all that diffusers makes of it,
 * under its names.
 */
export function diffusersUNet<T>(ops: Ops<T>, config: DiffusersUNetConfig, input: NetworkInput<T>): NetworkOutput<T> {
  const { activations, groups, epsilon, kernels } = config
  const parts = partsOf(ops, config, input)
  const { x, skips } = encode(parts, input.x)
  const bottleneck = middle(parts, x)
  const last = decode(parts, bottleneck, skips)
  const normal = activate(ops, activations.last, groupNorm(ops, 'conv_norm_out', last, groups, epsilon))
  const image = conv2d(ops, 'conv_out', normal, { out: config.outChannels, kernel: kernels[1] })
  return {
    image: config.dividesByNoise ? ops.divide(image, ops.reshape(input.noise, [-1, 1, 1, 1])) : image,
    bottleneck
  }
}

/** The arguments of the network with the parts that both of its sides share. */
interface Parts<T> {
  readonly ops: Ops<T>
  readonly config: DiffusersUNetConfig
  readonly residual: (
    name: string,
    x: T,
    out: number,
    residual: ResidualConfig,
    resampled?: { readonly up?: true; readonly down?: true }
  ) => T
  readonly attend: (name: string, x: T, attention: AttentionConfig | undefined) => T
}

function partsOf<T>(ops: Ops<T>, config: DiffusersUNetConfig, input: NetworkInput<T>): Parts<T> {
  const { activations, groups } = config
  const embedding = embeddingOf(ops, config.embedding, input)
  const activated = activate(ops, activations.blocks, embedding)
  const context =
    input.context !== undefined && config.contextDim !== undefined
      ? linear(ops, 'encoder_hid_proj', input.context, config.contextDim)
      : input.context
  return {
    ops,
    config,
    residual(name, x, out, { divisor, plainEmbedding }, resampled = {}) {
      const told = plainEmbedding ? embedding : activated
      return residualBlock(ops, styleOf(config, divisor), name, x, told, { out, ...resampled })
    },
    attend(name, x, attention) {
      if (attention === undefined) return x
      if (attention.kind === 'pixels') return attentionBlock(ops, attentionStyle(config, attention), name, x)
      if (context === undefined) throw new RangeError('a network with cross-attention needs a context')
      const { linearProjection } = config
      return spatialTransformer(ops, name, x, context, { ...attention, groups, linearProjection })
    }
  }
}

/** The style of blocks whose sums are divided by a number. */
function styleOf({ epsilon, groups, adaptiveScale, activations }: DiffusersUNetConfig, divisor: number): BlockStyle {
  return {
    epsilon,
    groups: () => groups,
    skipScale: 1 / divisor,
    filter: [1, 1],
    projectSkip: false,
    adaptiveScale,
    activation: activations.blocks,
    names: RESIDUAL_NAMES,
    attention: { heads: () => 1, names: ATTENTION_NAMES, order: 'separate', kernel: [] }
  }
}

function attentionStyle(
  config: DiffusersUNetConfig,
  { heads, size, groups, divisor }: Extract<AttentionConfig, { kind: 'pixels' }>
): BlockStyle {
  const style = styleOf(config, divisor)
  const names = groups === undefined ? { ...ATTENTION_NAMES, norm: undefined } : ATTENTION_NAMES
  return {
    ...style,
    groups: () => groups ?? config.groups,
    attention: { ...style.attention, heads: () => heads, size, names }
  }
}

/** A residual block of a level with its attention. */
function layer<T>({ attend, residual }: Parts<T>, name: string, i: number, x: T, level: LevelConfig): T {
  const h = residual(`${name}.resnets.${i}`, x, level.channels, level.residual)
  return attend(`${name}.attentions.${i}`, h, level.attention?.[i])
}

/** The way down. `skips`: the images that the way up is given beside its own, the last first. */
function encode<T>(parts: Parts<T>, image: T): { readonly x: T; readonly skips: readonly T[] } {
  const { ops, config, residual } = parts
  const skips: T[] = []
  const keep = (x: T) => {
    skips.push(x)
    return x
  }
  const centred = centered(ops, image, config.centered)
  let x = keep(conv2d(ops, 'conv_in', centred, { out: config.channels, kernel: config.kernels[0] }))
  for (const [index, level] of config.down.entries()) {
    const name = `down_blocks.${index}`
    for (let i = 0; i < level.layers; i++) x = keep(layer(parts, name, i, x, level))
    const resampler = `${name}.downsamplers.0`
    if (level.resample === 'convolution') x = keep(halve(ops, `${resampler}.conv`, x, config.cornerPadding))
    if (level.resample === 'block') x = keep(residual(resampler, x, level.channels, level.residual, { down: true }))
  }
  return { x, skips }
}

/** The blocks where the image is smallest. */
function middle<T>({ ops, config, residual, attend }: Parts<T>, x: T): T {
  if (!config.middle) return x
  const { second, attention, residual: own } = config.middle
  const out = channelsOf(ops, x)
  const h = attend('mid_block.attentions.0', residual('mid_block.resnets.0', x, out, own), attention)
  return second ? residual('mid_block.resnets.1', h, out, own) : h
}

function decode<T>(parts: Parts<T>, bottleneck: T, skips: readonly T[]): T {
  const { ops, config, residual } = parts
  const waiting = [...skips]
  let x = bottleneck
  for (const [index, level] of config.up.entries()) {
    const name = `up_blocks.${index}`
    for (let i = 0; i < level.layers; i++) {
      const skip = waiting.pop()
      x = layer(parts, name, i, skip === undefined ? x : ops.concat([x, skip], 1), level)
    }
    const resampler = `${name}.upsamplers.0`
    if (level.resample === 'block') x = residual(resampler, x, level.channels, level.residual, { up: true })
    if (level.resample === 'convolution') {
      const larger = doubledTo(ops, x, ops.shape(waiting[waiting.length - 1]))
      x = conv2d(ops, `${resampler}.conv`, larger, { out: level.channels, kernel: 3 })
    }
  }
  return x
}

function centered<T>(ops: Ops<T>, x: T, is: boolean): T {
  return is ? ops.subtract(scale(ops, x, 2), ops.constant(Float32Array.of(1), [])) : x
}

/**
 * Halves an image by a convolution at every other pixel. A kernel with a row and a column of zeros before it sees zeros
 * behind an image alone.
 */
function halve<T>(ops: Ops<T>, name: string, x: T, corner: boolean): T {
  const channels = channelsOf(ops, x)
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

/** Each pixel twice in both directions, or as often as another image's size asks for. */
function doubledTo<T>(ops: Ops<T>, x: T, [, , height, width]: readonly number[]): T {
  const [, , rows, columns] = ops.shape(x)
  const isDouble = height === 2 * rows && width === 2 * columns
  return isDouble ? ops.upsample2(x) : resizeNearest(ops, x, [height, width])
}
