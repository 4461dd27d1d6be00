import { crc32 } from './crc32.js'

/**
 * Numbers in [-1, 1) that are a pure function of a name and a place: element i is fmix32(crc32(name) + i * 0x9E3779B9),
 * MurmurHash3's finaliser, as a fraction of 2^32.
 */
export function hashUniform(name: string, start: number, count: number): Float64Array {
  const base = crc32(name)
  const values = new Float64Array(count)
  for (let i = 0; i < count; i++) values[i] = (mix(base + Math.imul(start + i, 0x9e3779b9)) / 2 ** 32) * 2 - 1
  return values
}

function mix(value: number): number {
  let x = value >>> 0
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return (x ^ (x >>> 16)) >>> 0
}
