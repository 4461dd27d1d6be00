import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checksumOfBytes, checksumOfFile, startChecksum } from '../../src/files/checksum.js'

describe('a checksum', () => {
  it('has 128 bits, the same on every version of Node', () => {
    expect(checksumOfBytes(new Uint8Array())).toBe('f657209f7564290653332dd460ee9ecc')
    expect(checksumOfBytes(Uint8Array.from({ length: 100 }, (_, i) => i))).toBe('dcde7220ede2e004016114095ec3b33b')
  })

  it('does not depend on the parts in which bytes come', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 8 }), parts => {
        const sum = startChecksum()
        for (const part of parts) sum.update(part)
        expect(sum.digest()).toBe(checksumOfBytes(Buffer.concat(parts)))
      })
    )
  })

  it('is another for each bit of a file that is flipped, for zeros at the end and for blocks in another order', () => {
    const bytes = Uint8Array.from({ length: 333 }, (_, i) => (i * i) % 251)
    const sums = [
      checksumOfBytes(bytes),
      checksumOfBytes(Buffer.concat([bytes, Buffer.alloc(1)])),
      checksumOfBytes(bytes.subarray(0, -1)),
      checksumOfBytes(Buffer.concat([bytes.subarray(16, 32), bytes.subarray(0, 16), bytes.subarray(32)]))
    ]
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const flipped = bytes.slice()
      flipped[bit >> 3] ^= 1 << (bit & 7)
      sums.push(checksumOfBytes(flipped))
    }
    expect(new Set(sums).size).toBe(sums.length)
  })

  it('is the same of a file of several reads', async () => {
    const bytes = Buffer.alloc((1 << 20) * 2 + 5, 'epd')
    const path = join(mkdtempSync(join(tmpdir(), 'epd-checksum-')), 'x')
    writeFileSync(path, bytes)
    expect(await checksumOfFile(path)).toBe(checksumOfBytes(bytes))
  })
})
