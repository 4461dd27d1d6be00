import type { Ops } from '../engines/ops.js'

/** A fully connected layer: `weight` [out, in] and, unless told otherwise, `bias` [out] under its name. */
export function linear<T>(ops: Ops<T>, name: string, x: T, out: number, bias = true): T {
  const input = ops.shape(x)[ops.shape(x).length - 1]
  const weight = ops.parameter(`${name}.weight`, [out, input])
  return ops.linear(x, weight, bias ? ops.parameter(`${name}.bias`, [out]) : undefined)
}

/** Group normalisation: `weight` and `bias` [channels]. */
export function groupNorm<T>(ops: Ops<T>, name: string, x: T, groups: number, epsilon: number): T {
  const [, channels] = ops.shape(x)
  const scale = ops.parameter(`${name}.weight`, [channels])
  const bias = ops.parameter(`${name}.bias`, [channels])
  return ops.groupNorm(x, scale, bias, groups, epsilon)
}

/** Normalisation of the last dimension: `weight` and `bias` of its size. */
export function layerNorm<T>(ops: Ops<T>, name: string, x: T, epsilon = 1e-5): T {
  const size = ops.shape(x)[ops.shape(x).length - 1]
  return ops.layerNorm(x, ops.parameter(`${name}.weight`, [size]), ops.parameter(`${name}.bias`, [size]), epsilon)
}

/**
 * One linear map of every pixel's channels: `weight` [out, in, ...kernel], whose kernel has sides of 1 alone, and
 * `bias` [out].
 */
export function pixelwise<T>(ops: Ops<T>, name: string, x: T, out: number, kernel: readonly number[]): T {
  const [, channels] = ops.shape(x)
  const weight = ops.parameter(`${name}.weight`, [out, channels, ...kernel])
  const square = kernel.length === 2 ? weight : ops.reshape(weight, [out, channels, 1, 1])
  return ops.conv2d(x, square, ops.parameter(`${name}.bias`, [out]))
}

export interface ConvLayer {
  readonly out: number
  /** The side of the kernel; 0: resampling alone. */
  readonly kernel: number
  readonly up?: boolean
  readonly down?: boolean
  /** One dimension of the separable filter that an image is resampled with. */
  readonly filter?: readonly number[]
  /** Resampling and convolution share their padding. */
  readonly fused?: boolean
}

/**
 * A convolution of EDM's networks: `weight` [out, in, k, k] and `bias` [out], with resampling to twice or half the size
 * before it.
 */
export function conv2d<T>(ops: Ops<T>, name: string, x: T, layer: ConvLayer): T {
  const { out, kernel, up = false, down = false, filter = [1, 1], fused = false } = layer
  const filterPadding = Math.floor((filter.length - 1) / 2)
  const padding = Math.floor(kernel / 2)
  const convolve = (input: T, pad: number) => {
    if (kernel === 0) return input
    const [, channels] = ops.shape(input)
    const weight = ops.parameter(`${name}.weight`, [out, channels, kernel, kernel])
    return ops.conv2d(input, weight, ops.parameter(`${name}.bias`, [out]), { padding: pad })
  }
  if (fused && up && kernel > 0)
    return convolve(
      upsample(ops, x, filter, Math.max(filterPadding - padding, 0)),
      Math.max(padding - filterPadding, 0)
    )
  if (fused && down && kernel > 0) return downsample(ops, convolve(x, padding + filterPadding), filter, 0)
  if (up) x = upsample(ops, x, filter, filterPadding)
  if (down) x = downsample(ops, x, filter, filterPadding)
  return convolve(x, padding)
}

function downsample<T>(ops: Ops<T>, x: T, filter: readonly number[], padding: number): T {
  if (isBox(filter)) return ops.averagePool(x, { size: 2, stride: 2 })
  const [, channels] = ops.shape(x)
  return ops.conv2d(x, depthwise(ops, filter, channels, 1), undefined, { stride: 2, padding, groups: channels })
}

function upsample<T>(ops: Ops<T>, x: T, filter: readonly number[], padding: number): T {
  if (isBox(filter)) return ops.upsample2(x)
  const [, channels] = ops.shape(x)
  return ops.convTranspose2d(x, depthwise(ops, filter, channels, 4), { stride: 2, padding, groups: channels })
}

function isBox(filter: readonly number[]): boolean {
  return filter.length === 2 && filter[0] === filter[1]
}

/** A filter's outer product with itself, with the given sum, for each channel. */
function depthwise<T>(ops: Ops<T>, filter: readonly number[], channels: number, sum: number): T {
  const total = filter.reduce((all, value) => all + value, 0) ** 2
  const kernel = filter.flatMap(a => filter.map(b => (a * b * sum) / total))
  const values = Float32Array.from({ length: channels * kernel.length }, (_, i) => kernel[i % kernel.length])
  return ops.constant(values, [channels, 1, filter.length, filter.length])
}

export function channelsOf<T>(ops: Ops<T>, x: T): number {
  return ops.shape(x)[1]
}

/** The mean of the channels, as an image of one channel. */
export function channelMean<T>(ops: Ops<T>, x: T): T {
  const [, channels] = ops.shape(x)
  return ops.conv2d(x, ops.constant(new Float32Array(channels).fill(1 / channels), [1, channels, 1, 1]))
}

/** Multiplies x by a number. */
export function scale<T>(ops: Ops<T>, x: T, factor: number): T {
  return factor === 1 ? x : ops.multiply(x, ops.constant(Float32Array.of(factor), []))
}

/** Activation functions by the names that diffusers and transformers give them. */
const ACTIVATIONS = {
  silu: (ops, x) => ops.silu(x),
  swish: (ops, x) => ops.silu(x),
  gelu: (ops, x) => ops.gelu(x),
  relu: (ops, x) => ops.relu(x),
  mish: (ops, x) => mish(ops, x)
} satisfies Record<string, <T>(ops: Ops<T>, x: T) => T>

export type Activation = keyof typeof ACTIVATIONS

export const ACTIVATION_NAMES: readonly Activation[] = ['silu', 'swish', 'gelu', 'relu', 'mish']

export function activate<T>(ops: Ops<T>, activation: Activation, x: T): T {
  return ACTIVATIONS[activation](ops, x)
}

/**
 * x tanh(ln(1 + e^x)) (Misra 2019, arXiv 1908.08681). With p = sigmoid(x) and q = sigmoid(-x) the second factor is p (1
 * + q) / (1 + q^2).
 */
function mish<T>(ops: Ops<T>, x: T): T {
  const one = ops.constant(Float32Array.of(1), [])
  const [p, q] = [ops.sigmoid(x), ops.sigmoid(scale(ops, x, -1))]
  return ops.multiply(x, ops.divide(ops.multiply(p, ops.add(q, one)), ops.add(ops.multiply(q, q), one)))
}
