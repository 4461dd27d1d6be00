import type { Ops } from '../engines/ops.js'

/**
 * Cosines, then sines, of the noise level times frequencies that fall from 1 to 1/10000 (Vaswani et al. 2017; as DDPM++ and
 * ADM use it). x: [batch, 1]. `endpoint`: whether the last frequency is exactly 1/10000; `sineFirst`: whether the sines stand first.
 */
export function positionalEmbedding<T>(ops: Ops<T>, x: T, channels: number, endpoint: boolean, sineFirst = false): T {
  const half = channels / 2
  const last = endpoint ? half - 1 : half
  const frequencies = Float32Array.from({ length: half }, (_, i) => (1 / 10000) ** (i / last))
  return waves(ops, ops.multiply(x, ops.constant(frequencies, [1, half])), sineFirst)
}

/** The same with learned or random frequencies (Tancik et al. 2020; NCSN++), [channels / 2] of them, in turns. */
export function fourierEmbedding<T>(ops: Ops<T>, x: T, frequencies: T): T {
  const [half] = ops.shape(frequencies)
  const turns = ops.multiply(ops.reshape(frequencies, [1, half]), ops.constant(Float32Array.of(2 * Math.PI), [1, 1]))
  return waves(ops, ops.multiply(x, turns))
}

function waves<T>(ops: Ops<T>, angle: T, sineFirst = false): T {
  const parts = [ops.cos(angle), ops.sin(angle)]
  return ops.concat(sineFirst ? parts.reverse() : parts, 1)
}
