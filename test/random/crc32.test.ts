import zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { crc32, portable } from '../../src/random/crc32.js'

describe('a CRC-32', () => {
  const bytes = Uint8Array.from({ length: 1031 }, (_, i) => (i * i) >> 3)

  it('is that of the standard', () => {
    expect(crc32('123456789')).toBe(0xcbf43926)
    expect(crc32('ü')).toBe(crc32(new Uint8Array([0xc3, 0xbc])))
    expect(crc32('')).toBe(0)
  })

  it('is the same by tables as by Node.js, from any byte on and of any length', () => {
    for (let from = 0; from < 5; from++)
      for (const length of [0, 1, 2, 3, 4, 5, 7, 8, 9, 1000])
        expect(portable(bytes.subarray(from, from + length))).toBe(zlib.crc32(bytes.subarray(from, from + length)))
  })
})
