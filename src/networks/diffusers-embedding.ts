import type { Ops } from '../engines/ops.js'
import { positionalEmbedding, waves } from './embedding.js'
import { activate, linear, scale, type Activation } from './layers.js'
import type { NetworkInput } from './network.js'

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

/** The embedding that residual blocks are told, [batch, width]. */
export function embeddingOf<T>(ops: Ops<T>, config: EmbeddingConfig, { noise, labels }: NetworkInput<T>): T {
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
