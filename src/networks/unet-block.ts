import type { Ops } from '../engines/ops.js'
import { overPixels } from './attention.js'
import { activate, conv2d, groupNorm, linear, pixelwise, scale, type Activation } from './layers.js'

/** The style that all blocks of a U-Net share. */
export interface BlockStyle {
  readonly epsilon: number
  /** The groups of a group normalisation. */
  readonly groups: (channels: number) => number
  /** The factor after each sum of a branch with what it leaves out. */
  readonly skipScale: number
  readonly filter: readonly number[]
  /** Whether a resampled skip is always projected. */
  readonly projectSkip: boolean
  /** Whether the embedding scales and shifts, or only shifts. */
  readonly adaptiveScale: boolean
  /** Default: silu. */
  readonly activation?: Activation
  readonly names: BlockNames
  readonly attention: AttentionStyle
}

/** The names of a residual block's layers. */
export interface BlockNames {
  readonly norm0: string
  readonly conv0: string
  readonly affine: string
  readonly norm1: string
  readonly conv1: string
  readonly skip: string
}

export interface AttentionStyle {
  readonly heads: (channels: number) => number
  /** The channels of a head; default: the image's channels, shared out. */
  readonly size?: number
  /**
   * The names of its layers. A normalisation without a name is left out; `parts` names the layers of q, k and v, where
   * they are three.
   */
  readonly names: {
    readonly norm?: string
    readonly qkv: string
    readonly proj: string
    readonly parts?: readonly string[]
  }
  /** The order of the channels of q, k and v, the slowest first, or `separate` where each has a layer of its own. */
  readonly order: 'head-channel-qkv' | 'head-qkv-channel' | 'qkv-head-channel' | 'separate'
  /** The dimensions of the weights behind their channels. */
  readonly kernel: readonly number[]
}

export interface BlockOptions {
  readonly out: number
  readonly up?: boolean
  readonly down?: boolean
}

/** The names and attention of EDM's networks. */
export const EDM_BLOCK = {
  groups: (channels: number) => Math.min(32, Math.floor(channels / 4)),
  names: { norm0: 'norm0', conv0: 'conv0', affine: 'affine', norm1: 'norm1', conv1: 'conv1', skip: 'skip' }
} as const
export const EDM_ATTENTION = {
  names: { norm: 'norm2', qkv: 'qkv', proj: 'proj' },
  order: 'head-channel-qkv',
  kernel: [1, 1]
} as const

/**
 * The residual block of DDPM++, NCSN++ and ADM (Karras et al. 2022, Table 7, unifies them). embedding: [batch,
 * channels]; without it, that of an autoencoder.
 */
export function residualBlock<T>(
  ops: Ops<T>,
  style: BlockStyle,
  name: string,
  x: T,
  embedding: T | undefined,
  { out, up = false, down = false }: BlockOptions
): T {
  const { epsilon, groups, skipScale, filter, names, activation = 'silu' } = style
  const [, channels] = ops.shape(x)

  let h = activate(ops, activation, groupNorm(ops, `${name}.${names.norm0}`, x, groups(channels), epsilon))
  h = conv2d(ops, `${name}.${names.conv0}`, h, { out, kernel: 3, up, down, filter })
  h = activate(ops, activation, modulate(ops, style, name, h, embedding))
  h = conv2d(ops, `${name}.${names.conv1}`, h, { out, kernel: 3 })

  if (out !== channels || up || down) {
    const kernel = style.projectSkip || out !== channels ? 1 : 0
    x = conv2d(ops, `${name}.${names.skip}`, x, { out, kernel, up, down, filter })
  }
  return scale(ops, ops.add(h, x), skipScale)
}

function modulate<T>(ops: Ops<T>, style: BlockStyle, name: string, h: T, embedding: T | undefined): T {
  const { epsilon, groups, adaptiveScale, names } = style
  const [, channels] = ops.shape(h)
  const factor = adaptiveScale ? 2 : 1
  const norm = (of: T) => groupNorm(ops, `${name}.${names.norm1}`, of, groups(channels), epsilon)
  if (embedding === undefined) return norm(h)
  const affine = linear(ops, `${name}.${names.affine}`, embedding, channels * factor)
  const params = ops.reshape(affine, [-1, channels * factor, 1, 1])
  if (!adaptiveScale) return norm(ops.add(h, params))
  const [gain, shift] = ops.split(params, 2, 1)
  const one = ops.constant(Float32Array.of(1), [])
  return ops.add(shift, ops.multiply(norm(h), ops.add(gain, one)))
}

/** Self-attention over pixels (Vaswani et al. 2017), added to x. */
export function attentionBlock<T>(ops: Ops<T>, style: BlockStyle, name: string, x: T): T {
  const { epsilon, groups, skipScale, attention } = style
  const [, channels, height, width] = ops.shape(x)
  const heads = attention.heads(channels)
  if (heads === 0) return x
  const { names, kernel, size = channels / heads } = attention
  const inner = heads * size
  const normal = names.norm === undefined ? x : groupNorm(ops, `${name}.${names.norm}`, x, groups(channels), epsilon)
  const [q, k, v] =
    attention.order === 'separate'
      ? (names.parts ?? ['q', 'k', 'v']).map(part =>
          ops.reshape(pixelwise(ops, `${name}.${part}`, normal, inner, kernel), [0, heads, size, height * width])
        )
      : splitHeads(ops, attention.order, pixelwise(ops, `${name}.${names.qkv}`, normal, channels * 3, kernel), heads)
  const answer = pixelwise(
    ops,
    `${name}.${names.proj}`,
    ops.reshape(overPixels(ops, q, k, v), [0, inner, height, width]),
    channels,
    kernel
  )
  return scale(ops, ops.add(answer, x), skipScale)
}

/** q, k and v, each [batch, heads, channels of a head, pixels]. */
export function splitHeads<T>(
  ops: Ops<T>,
  order: Exclude<AttentionStyle['order'], 'separate'>,
  qkv: T,
  heads: number
): T[] {
  const [, channels, height, width] = ops.shape(qkv)
  const size = channels / 3 / heads
  const pixels = height * width
  const axes = { 'head-channel-qkv': 3, 'head-qkv-channel': 2, 'qkv-head-channel': 1 } as const
  const axis = axes[order]
  const sizes = [heads, size]
  sizes.splice(axis - 1, 0, 3)
  return ops
    .split(ops.reshape(qkv, [0, ...sizes, pixels]), 3, axis)
    .map(part => ops.reshape(part, [0, heads, size, pixels]))
}
