import type { TorchGenerator } from './generator.js'
import { fma, log, sincos } from './single.js'

/**
 * torch.Generator('cpu').manual_seed(seed): Mersenne Twister 19937. Normal numbers come as in ATen's two paths: 16 or
 * more at once by the vectorised one, in single precision with fused multiply-adds, bit for bit; fewer by Box-Muller in
 * double precision, whose second number is kept for the next call.
 * @throws RangeError unless seed is a whole number from 0 to 2^32 - 1
 */
export function torchCpuGenerator(seed: number): TorchGenerator {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
    throw new RangeError(`a seed is a whole number from 0 to 4294967295, found ${seed}`)
  const next = mersenneTwister(seed)
  let kept: number | undefined

  const uniform53 = () => {
    const high = next() & 0x1fffff
    return (high * 2 ** 32 + next()) / 2 ** 53
  }
  const normal = () => {
    if (kept !== undefined) {
      const value = kept
      kept = undefined
      return value
    }
    const angle = 2 * Math.PI * uniform53()
    const radius = Math.sqrt(-2 * Math.log1p(-uniform53()))
    kept = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }
  const uniform24 = (values: Float32Array) => {
    for (let i = 0; i < values.length; i++) values[i] = (next() & 0xffffff) / 2 ** 24
  }
  return {
    randn(count) {
      const values = new Float32Array(count)
      if (count < 16) return values.map(normal)
      uniform24(values)
      for (let at = 0; at + 16 <= count; at += 16) normalise(values.subarray(at, at + 16))
      if (count % 16 !== 0) {
        const last = values.subarray(count - 16)
        uniform24(last)
        normalise(last)
      }
      return values
    },
    randint: high => next() % high
  }
}

const TWO_PI = Math.fround(2 * Math.PI)

/** Box-Muller on 16 uniform numbers: eight radii, eight angles. */
function normalise(values: Float32Array): void {
  for (let j = 0; j < 8; j++) {
    const radius = Math.fround(Math.sqrt(Math.fround(-2 * log(Math.fround(1 - values[j])))))
    const { sin, cos } = sincos(Math.fround(TWO_PI * values[j + 8]))
    values[j] = fma(radius, cos, 0)
    values[j + 8] = fma(radius, sin, 0)
  }
}

/** MT19937 (Matsumoto & Nishimura 1998): 32 random bits a call. */
function mersenneTwister(seed: number): () => number {
  const [size, shift] = [624, 397]
  const state = new Uint32Array(size)
  state[0] = seed
  for (let i = 1; i < size; i++) {
    const previous = state[i - 1] ^ (state[i - 1] >>> 30)
    state[i] = Math.imul(previous, 1812433253) + i
  }
  let at = size
  const refill = () => {
    for (let i = 0; i < size; i++) {
      const y = (state[i] & 0x80000000) | (state[(i + 1) % size] & 0x7fffffff)
      state[i] = state[(i + shift) % size] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)
    }
    at = 0
  }
  return () => {
    if (at === size) refill()
    let y = state[at++]
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    return (y ^ (y >>> 18)) >>> 0
  }
}
