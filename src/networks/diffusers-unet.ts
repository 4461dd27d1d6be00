import type { Ops } from '../engines/ops.js'
import { positionalEmbedding, waves } from './embedding.js'
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

/** The layers that make of the noise level, and of a class, the embedding that residual blocks are told. */
export interface EmbeddingConfig {
  readonly waves: WavesConfig
  readonly width: number
  readonly activation: Activation
  /** The activation behind the noise level's two layers. */
  readonly post?: Activation
  /** The activation behind noise level and class together. */
  readonly last?: Activation
  /** A class as a row of a table; as the noise level's waves with layers of their own; as the number itself. */
  readonly classes?: 'table' | 'waves' | 'number'
  /** Whether the class's embedding stands beside the noise level's; else it is added. */
  readonly concatenated: boolean
}

export type WavesConfig =
  | { readonly kind: 'positional'; readonly channels: number; readonly shift: number; readonly sineFirst: boolean }
  | { readonly kind: 'fourier'; readonly count: number; readonly logarithm: boolean; readonly sineFirst: boolean }

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
  const embedding = embed(ops, config.embedding, input)
  const activated = activate(ops, activations.blocks, embedding)
  const context =
    input.context !== undefined && config.contextDim !== undefined
      ? linear(ops, 'encoder_hid_proj', input.context, config.contextDim)
      : input.context

  const styleOf = (divisor: number): BlockStyle => ({
    ...{ epsilon, groups: () => groups, skipScale: 1 / divisor, filter: [1, 1], projectSkip: false },
    ...{ adaptiveScale: config.adaptiveScale, activation: activations.blocks, names: RESIDUAL_NAMES },
    attention: { heads: () => 1, names: ATTENTION_NAMES, order: 'separate', kernel: [] }
  })
  const residual = (name: string, x: T, out: number, of: ResidualConfig, resampled: { up?: true; down?: true } = {}) =>
    residualBlock(ops, styleOf(of.divisor), name, x, of.plainEmbedding ? embedding : activated, { out, ...resampled })
  function attend(name: string, x: T, attention: AttentionConfig | undefined): T {
    if (attention === undefined) return x
    const { heads, size } = attention
    if (attention.kind === 'context') {
      if (context === undefined) throw new RangeError('a network with cross-attention needs a context')
      const { linearProjection } = config
      return spatialTransformer(ops, name, x, context, { ...attention, groups, linearProjection })
    }
    const style = styleOf(attention.divisor)
    const names = attention.groups === undefined ? { ...ATTENTION_NAMES, norm: undefined } : ATTENTION_NAMES
    return attentionBlock(
      ops,
      {
        ...style,
        groups: () => attention.groups ?? groups,
        attention: { ...style.attention, heads: () => heads, size, names }
      },
      name,
      x
    )
  }
  const layer = (name: string, i: number, x: T, { channels, attention, residual: of }: LevelConfig) =>
    attend(`${name}.attentions.${i}`, residual(`${name}.resnets.${i}`, x, channels, of), attention?.[i])

  const skips: T[] = []
  const keep = (x: T) => {
    skips.push(x)
    return x
  }
  let x = keep(
    conv2d(ops, 'conv_in', centered(ops, input.x, config.centered), { out: config.channels, kernel: kernels[0] })
  )
  for (const [index, level] of config.down.entries()) {
    const name = `down_blocks.${index}`
    for (let i = 0; i < level.layers; i++) x = keep(layer(name, i, x, level))
    const resampler = `${name}.downsamplers.0`
    if (level.resample === 'convolution') x = keep(halve(ops, `${resampler}.conv`, x, config.cornerPadding))
    if (level.resample === 'block') x = keep(residual(resampler, x, level.channels, level.residual, { down: true }))
  }

  if (config.middle) {
    const { second, attention, residual: of } = config.middle
    const out = channelsOf(ops, x)
    x = attend('mid_block.attentions.0', residual('mid_block.resnets.0', x, out, of), attention)
    if (second) x = residual('mid_block.resnets.1', x, out, of)
  }

  const bottleneck = x
  for (const [index, level] of config.up.entries()) {
    const name = `up_blocks.${index}`
    for (let i = 0; i < level.layers; i++) {
      const skip = skips.pop()
      x = layer(name, i, skip === undefined ? x : ops.concat([x, skip], 1), level)
    }
    const resampler = `${name}.upsamplers.0`
    if (level.resample === 'block') x = residual(resampler, x, level.channels, level.residual, { up: true })
    if (level.resample === 'convolution') {
      const larger = doubledTo(ops, x, ops.shape(skips[skips.length - 1]))
      x = conv2d(ops, `${resampler}.conv`, larger, { out: level.channels, kernel: 3 })
    }
  }
  const normal = activate(ops, activations.last, groupNorm(ops, 'conv_norm_out', x, groups, epsilon))
  const image = conv2d(ops, 'conv_out', normal, { out: config.outChannels, kernel: kernels[1] })
  return {
    image: config.dividesByNoise ? ops.divide(image, ops.reshape(input.noise, [-1, 1, 1, 1])) : image,
    bottleneck
  }
}

function embed<T>(ops: Ops<T>, config: EmbeddingConfig, { noise, labels }: NetworkInput<T>): T {
  const { width, activation, post, last, classes, concatenated } = config
  const layers = (name: string, x: T) =>
    linear(ops, `${name}.linear_2`, activate(ops, activation, linear(ops, `${name}.linear_1`, x, width)), width)
  const behind = (x: T, function_: Activation | undefined) =>
    function_ === undefined ? x : activate(ops, function_, x)
  const time = behind(layers('time_embedding', wavesOf(ops, config.waves, noise)), post)
  if (labels === undefined || classes === undefined) return behind(time, last)
  const known = classEmbedding(ops, config, labels, layers)
  return behind(concatenated ? ops.concat([time, known], 1) : ops.add(time, known), last)
}

/** The part of the embedding that classes add, given as one-hot rows; a row of zeros adds nothing. */
function classEmbedding<T>(
  ops: Ops<T>,
  { width, classes, waves }: EmbeddingConfig,
  labels: T,
  layers: (name: string, x: T) => T
): T {
  const [, count] = ops.shape(labels)
  const weighed = (values: Float32Array) => ops.linear(labels, ops.constant(values, [1, count]))
  if (classes === 'table')
    return ops.linear(labels, ops.transpose(ops.parameter('class_embedding.weight', [count, width]), [1, 0]))
  const number = weighed(Float32Array.from({ length: count }, (_, i) => i))
  if (classes === 'number') return number
  return ops.multiply(layers('class_embedding', wavesOf(ops, waves, number)), weighed(new Float32Array(count).fill(1)))
}

function wavesOf<T>(ops: Ops<T>, config: WavesConfig, x: T): T {
  const { sineFirst } = config
  if (config.kind === 'positional')
    return positionalEmbedding(ops, x, config.channels, { shift: config.shift, sineFirst })
  const frequencies = ops.reshape(ops.parameter('time_proj.weight', [config.count]), [1, config.count])
  // The products are in the order of diffusers' own, since angles are many turns.
  const angle = ops.multiply(config.logarithm ? ops.log(x) : x, frequencies)
  return waves(ops, scale(ops, angle, 2 * Math.PI), sineFirst)
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
