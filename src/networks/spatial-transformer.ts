import type { Ops } from '../engines/ops.js'
import { multiHead } from './attention.js'
import { groupNorm, layerNorm, linear, pixelwise } from './layers.js'

export interface TransformerConfig {
  /** The width of a token of the context. */
  readonly contextDim: number
  readonly depth: number
  /** Whether its first and last layer have weights without kernel dimensions, as Stable Diffusion 2 has them. */
  readonly linearProjection: boolean
  /** Whether its pixels look at the context instead of one another, too. */
  readonly onlyContext?: boolean
}

/**
 * The division of its channels. `size` is the number of channels of a head; default: all channels divided by the heads.
 */
interface Sharing {
  readonly heads: number
  readonly size?: number
  readonly groups: number
}

const EPSILON = 1e-6

/**
 * Attention over the pixels of an image and, from them, over a context (Rombach et al. 2022, arXiv 2112.10752, Section
 * 3.3), added to x. Names are those of CompVis's SpatialTransformer. x: [batch, channels, height, width]; context:
 * [batch, tokens, contextDim].
 */
export function spatialTransformer<T>(
  ops: Ops<T>,
  name: string,
  x: T,
  context: T,
  { heads, size, groups, depth, linearProjection, onlyContext }: Omit<TransformerConfig, 'contextDim'> & Sharing
): T {
  const [, channels, height, width] = ops.shape(x)
  const inner = size === undefined ? channels : heads * size
  const kernel = linearProjection ? [] : [1, 1]
  const normal = groupNorm(ops, `${name}.norm`, x, groups, EPSILON)
  const projected = pixelwise(ops, `${name}.proj_in`, normal, inner, kernel)
  let tokens = ops.transpose(ops.reshape(projected, [0, inner, height * width]), [0, 2, 1])
  for (let i = 0; i < depth; i++)
    tokens = transformerBlock(ops, `${name}.transformer_blocks.${i}`, tokens, context, { heads, onlyContext })
  const image = ops.reshape(ops.transpose(tokens, [0, 2, 1]), [0, inner, height, width])
  return ops.add(pixelwise(ops, `${name}.proj_out`, image, channels, kernel), x)
}

function transformerBlock<T>(
  ops: Ops<T>,
  name: string,
  x: T,
  context: T,
  { heads, onlyContext = false }: { readonly heads: number; readonly onlyContext?: boolean }
): T {
  const normal = (which: string, of: T) => layerNorm(ops, `${name}.${which}`, of)
  const own = normal('norm1', x)
  x = ops.add(attention(ops, `${name}.attn1`, own, onlyContext ? context : own, heads), x)
  x = ops.add(attention(ops, `${name}.attn2`, normal('norm2', x), context, heads), x)
  return ops.add(feedForward(ops, `${name}.ff.net`, normal('norm3', x)), x)
}

/** Attention of tokens [batch, count, channels] to those of a context. */
function attention<T>(ops: Ops<T>, name: string, x: T, context: T, heads: number): T {
  const [, , channels] = ops.shape(x)
  const of = (which: string, tokens: T) => linear(ops, `${name}.${which}`, tokens, channels, false)
  const mixed = multiHead(ops, of('to_q', x), of('to_k', context), of('to_v', context), heads)
  return linear(ops, `${name}.to_out.0`, mixed, channels)
}

/** GEGLU (Shazeer 2020, arXiv 2002.05202), four times as wide within. */
function feedForward<T>(ops: Ops<T>, name: string, x: T): T {
  const [, , channels] = ops.shape(x)
  const [value, gate] = ops.split(linear(ops, `${name}.0.proj`, x, 8 * channels), 2, 2)
  return linear(ops, `${name}.2`, ops.multiply(value, ops.gelu(gate)), channels)
}
