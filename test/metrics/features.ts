import type { Features } from '../../src/metrics/features.js'
import { hashUniform } from '../../src/random/hash-uniform.js'

/** Features of `count` images around `middle`. */
export function features(name: string, count: number, dimensions: number, middle = 0): Features {
  const data = Float32Array.from(hashUniform(name, 0, count * dimensions), value => value + middle)
  return { count, dimensions, data }
}

export function row({ dimensions, data }: Features, i: number): number[] {
  return [...data.subarray(i * dimensions, (i + 1) * dimensions)]
}
