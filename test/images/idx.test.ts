import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { openImages } from '../../src/images/collection.js'
import { decodeIdx } from '../../src/images/idx.js'
import { hashUniform } from '../../src/random/hash-uniform.js'
import { idx } from './idx-file.js'

function placed(bytes: Uint8Array): string {
  const file = join(mkdtempSync(join(tmpdir(), 'epd-idx-')), 'images')
  writeFileSync(file, bytes)
  return file
}

/** Three images of 3 pixels a row and 2 rows. */
const images = idx(
  [3, 2, 3],
  Uint8Array.from({ length: 18 }, (_, i) => i)
)

describe('an IDX file of images', () => {
  it.each([
    ['as it is', images],
    ['packed by gzip', gzipSync(images)]
  ])('is a collection of gray images, %s', async (_, bytes) => {
    const { names, skipped, size, read } = openImages(placed(bytes))
    expect([names, skipped]).toEqual([['0', '1', '2'], []])
    expect(size('1')).toEqual({ width: 3, height: 2 })
    const { data, ...rest } = await read('1')
    expect(rest).toEqual({ width: 3, height: 2, channels: 1 })
    expect([...data]).toEqual([6, 7, 8, 9, 10, 11])
  })

  const bomb = gzipSync(Buffer.concat([idx([1, 1, 1], Uint8Array.of(0)), Buffer.alloc(1 << 24)]))
  const claim = gzipSync(idx([60_000, 28, 28], new Uint8Array(0)))
  const noise = Uint8Array.from(hashUniform('pixels', 0, 10_000), value => (value + 1) * 127)
  const damaged = Buffer.from(gzipSync(idx([1, 100, 100], noise)))
  damaged.fill(0, damaged.length - 30, damaged.length - 20)
  it.each<[string, Uint8Array, RegExp]>([
    ['labels', idx([5], Uint8Array.of(1, 2, 3, 4, 5)), /holds one dimension of type 0x08, and images are 3 dimensions/],
    ['numbers of 4 bytes', Buffer.from('00000c03', 'hex'), /holds 3 dimensions of type 0x0c, and images are/],
    ['a header cut off', images.subarray(0, 9), /is cut off within its header/],
    [
      'pixels cut off',
      images.subarray(0, 30),
      /cut off: it says that it holds 3 images of 3x2 pixels, and has 14 bytes/
    ],
    [
      'pixels left over',
      Buffer.concat([images, Buffer.alloc(2)]),
      /holds 3 images of 3x2 pixels, and has 2 bytes more/
    ],
    ['no images', idx([0, 2, 3], new Uint8Array(0)), /it holds no images/],
    ['images without pixels', idx([3, 0, 3], new Uint8Array(0)), /it says that it has 3x0 pixels/],
    ['images beyond reason', idx([2, 9000, 9000], new Uint8Array(0)), /it says that it has 9000x9000 pixels/],
    ['more images than are read', idx([2 ** 32 - 1, 1, 1], new Uint8Array(0)), /at most 10,000,000 and 2 GiB are read/],
    [
      'more bytes than are read',
      idx([9_999_999, 8192, 8192], new Uint8Array(0)),
      /at most 10,000,000 and 2 GiB are read/
    ],
    ['more than gzip can have packed', claim, /60,000 images of 28x28 pixels, which no gzip file of \d+ bytes can/],
    ['a bomb behind one image', bomb, /it says that it holds 1 images of 1x1 pixels, and unpacks to more/],
    ['packed data cut off', gzipSync(images).subarray(0, -9), /is cut off/],
    ['packed data that is damaged', damaged, /what it has packed is damaged/]
  ])('is refused by its name and what is wrong: %s', (_, bytes, message) => {
    const file = placed(bytes)
    expect(() => openImages(file)).toThrow(message)
    expect(() => openImages(file)).toThrow(expect.objectContaining({ code: 'images-invalid' }))
    expect(() => openImages(file)).toThrow(file)
  })

  it('takes no more memory than it has bytes, whatever it says', () => {
    const before = process.memoryUsage().arrayBuffers
    expect(() => decodeIdx(bomb)).toThrow()
    expect(() => decodeIdx(claim)).toThrow()
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 23)
  })

  it('is not what another gzip file is', () => {
    expect(() => openImages(placed(gzipSync('text')))).toThrow(/is a gzip file; give a folder or a zip archive/)
  })
})
