import { hashUniform } from '../../src/random/hash-uniform.js'

/** Uniform random numbers in [0, 1) of a seed, in the order in which they are asked for. */
export function random(seed: number | string) {
  let drawn = 0
  const uniform = (): number => (hashUniform(`torture ${seed}`, drawn++, 1)[0] + 1) / 2
  return {
    uniform,
    /** A whole number from 0 to below `count`. */
    below: (count: number): number => Math.min(count - 1, Math.floor(uniform() * count))
  }
}

export type Random = ReturnType<typeof random>
