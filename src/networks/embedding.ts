import type { Ops } from '../engines/ops.js'
import { power } from '../power.js'
import { scale } from './layers.js'

/**
 * Cosines, then sines, of the noise level times frequencies that fall from 1 to 1/10000 (Vaswani et al. 2017; as DDPM++
 * and ADM use it). x: [batch, 1]. `shift`: the last frequency is 1/10000 exactly with 1, one step before it with 0;
 * `sineFirst`: whether the sines stand first. An odd number of channels ends with zeros.
 */
export function positionalEmbedding<T>(
  ops: Ops<T>,
  x: T,
  channels: number,
  { shift = 0, sineFirst = false }: { readonly shift?: number; readonly sineFirst?: boolean } = {}
): T {
  const half = Math.floor(channels / 2)
  const frequencies = Float32Array.from({ length: half }, (_, i) => power(1 / 10000, i / (half - shift)))
  const embedding = waves(ops, ops.multiply(x, ops.constant(frequencies, [1, half])), sineFirst)
  return channels % 2 === 0 ? embedding : ops.concat([embedding, scale(ops, x, 0)], 1)
}

/**
 * Cosines, then sines, of the noise level times learned or random frequencies, in turns, [channels / 2] of them (Tancik
 * et al. 2020; NCSN++).
 */
export function fourierEmbedding<T>(ops: Ops<T>, x: T, frequencies: T): T {
  const [half] = ops.shape(frequencies)
  const turns = ops.multiply(ops.reshape(frequencies, [1, half]), ops.constant(Float32Array.of(2 * Math.PI), [1, 1]))
  return waves(ops, ops.multiply(x, turns))
}

export function waves<T>(ops: Ops<T>, angle: T, sineFirst = false): T {
  const parts = [ops.cos(angle), ops.sin(angle)]
  return ops.concat(sineFirst ? parts.reverse() : parts, 1)
}
