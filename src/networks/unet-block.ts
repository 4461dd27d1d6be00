import type { Ops } from '../engines/ops.js'
import { conv2d, groupNorm, linear, scale } from './layers.js'

/** What all blocks of a U-Net share. */
export interface BlockStyle {
  readonly epsilon: number
  /** Factor after each sum of a branch with what it leaves out. */
  readonly skipScale: number
  readonly filter: readonly number[]
  /** Whether a resampled skip is always projected. */
  readonly projectSkip: boolean
  /** Whether the embedding scales and shifts, or only shifts. */
  readonly adaptiveScale: boolean
  readonly heads: (channels: number) => number
}

export interface BlockOptions {
  readonly out: number
  readonly up?: boolean
  readonly down?: boolean
  readonly attention?: boolean
}

/** The residual block of DDPM++, NCSN++ and ADM as EDM unifies them (Karras et al. 2022, Table 7). embedding: [batch, channels]. */
export function unetBlock<T>(
  ops: Ops<T>,
  style: BlockStyle,
  name: string,
  x: T,
  embedding: T,
  options: BlockOptions
): T {
  const { out, up, down, attention = false } = options
  const { epsilon, skipScale, filter } = style
  const [, channels] = ops.shape(x)
  const resampled = (up ?? false) || (down ?? false)

  let h = ops.silu(groupNorm(ops, `${name}.norm0`, x, epsilon))
  h = conv2d(ops, `${name}.conv0`, h, { out, kernel: 3, up, down, filter })
  h = ops.silu(modulate(ops, style, name, h, embedding))
  h = conv2d(ops, `${name}.conv1`, h, { out, kernel: 3 })

  if (out !== channels || resampled) {
    const kernel = style.projectSkip || out !== channels ? 1 : 0
    x = conv2d(ops, `${name}.skip`, x, { out, kernel, up, down, filter })
  }
  x = scale(ops, ops.add(h, x), skipScale)
  if (!attention || style.heads(out) === 0) return x
  return scale(ops, ops.add(selfAttention(ops, style, name, x), x), skipScale)
}

function modulate<T>(ops: Ops<T>, { epsilon, adaptiveScale }: BlockStyle, name: string, h: T, embedding: T): T {
  const [, channels] = ops.shape(h)
  const factor = adaptiveScale ? 2 : 1
  const params = ops.reshape(linear(ops, `${name}.affine`, embedding, channels * factor), [-1, channels * factor, 1, 1])
  if (!adaptiveScale) return groupNorm(ops, `${name}.norm1`, ops.add(h, params), epsilon)
  const [gain, shift] = ops.split(params, 2, 1)
  const one = ops.constant(Float32Array.of(1), [])
  return ops.add(shift, ops.multiply(groupNorm(ops, `${name}.norm1`, h, epsilon), ops.add(gain, one)))
}

/** Self-attention over pixels (Vaswani et al. 2017), its output before the residual sum. */
function selfAttention<T>(ops: Ops<T>, { epsilon, heads: headsOf }: BlockStyle, name: string, x: T): T {
  const [, channels, height, width] = ops.shape(x)
  const heads = headsOf(channels)
  const size = channels / heads
  const qkv = conv2d(ops, `${name}.qkv`, groupNorm(ops, `${name}.norm2`, x, epsilon), { out: channels * 3, kernel: 1 })
  // Channels come as [head, channel, q k v].
  const parts = ops.split(ops.reshape(qkv, [0, heads, size, 3, height * width]), 3, 3)
  const [q, k, v] = parts.map(part => ops.reshape(part, [0, heads, size, height * width]))
  const scores = ops.matmul(ops.transpose(scale(ops, q, 1 / Math.sqrt(size)), [0, 1, 3, 2]), k)
  const mixed = ops.matmul(v, ops.transpose(ops.softmax(scores, -1), [0, 1, 3, 2]))
  return conv2d(ops, `${name}.proj`, ops.reshape(mixed, [0, channels, height, width]), { out: channels, kernel: 1 })
}
