import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { writeZip } from '../../src/checkpoints/zip.js'
import { openImages } from '../../src/images/collection.js'
import type { Raster } from '../../src/images/raster.js'
import { toPng } from '../../src/images/to-png.js'

const fixtures = fileURLToPath(new URL('../fixtures/images', import.meta.url))
const file = (name: string) => readFileSync(join(fixtures, name))

interface Expected {
  readonly size: readonly [width: number, height: number]
  readonly sha256: string
}

const { images } = JSON.parse(file('expected.json').toString()) as { images: Record<string, Expected> }

function folder(files: Readonly<Record<string, Uint8Array | string>>): string {
  const place = mkdtempSync(join(tmpdir(), 'epd-images-'))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(place, name, '..'), { recursive: true })
    writeFileSync(join(place, name), content)
  }
  return place
}

/** The digest of the colours of all pixels. */
function digest({ channels, data }: Raster): string {
  const colours =
    channels === 3 ? data : Uint8Array.from({ length: 3 * data.length }, (_, i) => data[Math.floor(i / 3)])
  return createHash('sha256').update(colours).digest('hex')
}

const tiny = toPng({ width: 2, height: 1, channels: 1, data: Uint8Array.of(3, 9) })

describe('images', () => {
  it.each(Object.entries(images))('%s has the pixels that Pillow reads', async (name, { size, sha256 }) => {
    const collection = openImages(fixtures)
    const raster = await collection.read(name)
    expect([raster.width, raster.height]).toEqual(size)
    expect(collection.size(name)).toEqual({ width: size[0], height: size[1] })
    expect(digest(raster)).toBe(sha256)
  })

  it('are told by what they hold, not by what they are named', async () => {
    const names = { 'a.png': file('gray.jpg'), 'b.jpeg': tiny, 'c.JPG': file('rgb.jpg') }
    const { read } = openImages(folder(names))
    expect(digest(await read('a.png'))).toBe(images['gray.jpg'].sha256)
    expect([...(await read('b.jpeg')).data]).toEqual([3, 9])
    expect(digest(await read('c.JPG'))).toBe(images['rgb.jpg'].sha256)
  })

  it('leave signals and timers their turn while a large one is read', async () => {
    const [width, height] = [4096, 2048]
    const data = new Uint8Array(width * height * 3).map((_, i) => i)
    const { read } = openImages(folder({ 'a.png': toPng({ width, height, channels: 3, data }) }))
    let heard = 0
    const listening = setInterval(() => heard++, 1)
    const raster = await read('a.png')
    clearInterval(listening)
    expect(digest(raster)).toBe(digest({ width, height, channels: 3, data }))
    expect(heard).toBeGreaterThan(1)
  })

  it('have at most 2^26 pixels, by their headers', async () => {
    const png = Uint8Array.from(tiny)
    const view = new DataView(png.buffer)
    view.setUint32(16, 8193)
    view.setUint32(20, 8192)
    const jpeg = Buffer.from(file('gray.jpg'))
    const frame = jpeg.indexOf(Buffer.of(0xff, 0xc0))
    jpeg.writeUInt16BE(8192, frame + 5)
    jpeg.writeUInt16BE(8193, frame + 7)
    const { read, size } = openImages(folder({ 'a.png': png, 'b.jpg': jpeg }))
    for (const name of ['a.png', 'b.jpg']) {
      expect(() => size(name)).toThrow('it says that it has 8193x8192 pixels')
      await expect(read(name)).rejects.toThrow('it says that it has 8193x8192 pixels')
    }
  })

  it('are read side by side, a broken one among them', async () => {
    const broken = file('subsampling2.jpg').subarray(0, 900)
    const { read } = openImages(folder({ 'a.jpg': file('gray.jpg'), 'b.jpg': broken, 'c.jpg': file('rgb.jpg') }))
    const [a, b, c] = await Promise.allSettled(['a.jpg', 'b.jpg', 'c.jpg'].map(read))
    expect([a.status, b.status, c.status]).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })
})

describe('a file that is no image to be read', () => {
  const jpeg = file('subsampling0.jpg')
  const png = file('colour2-8bit.png')
  const changed = (bytes: Uint8Array, at: number, value: number) => {
    const copy = Buffer.from(bytes)
    copy[at < 0 ? copy.length + at : at] = value
    return copy
  }
  it.each<[string, Uint8Array | string, RegExp]>([
    ['a JPEG cut off', jpeg.subarray(0, jpeg.length / 2), /it is cut off \(.*premature end/i],
    ['a JPEG cut off within its header', jpeg.subarray(0, 60), /it is cut off/],
    ['a JPEG with a damaged marker', changed(jpeg, 2, 0), /begins with the bytes ffd800e0/],
    ['a JPEG of four inks', file('cmyk.jpeg'), /four inks \(CMYK\).*; save it as RGB/],
    ['a PNG cut off', png.subarray(0, png.length / 2), /it is cut off/],
    ['a PNG cut off before its end', png.subarray(0, png.length - 12), /it is cut off/],
    ['a PNG cut off within its header', png.subarray(0, 20), /it is cut off/],
    ['a PNG with a wrong checksum', changed(png, -20, 0x77), /checksum of its "IDAT" is wrong/],
    ['a PNG of 16 bits', changed(png, 24, 16), /16 bits a channel, and 8 are needed; save it with 8/],
    ['a PNG of no kind', changed(png, 25, 5), /header is damaged/],
    ['a PNG without pixels', changed(png, 19, 0), /says that it has 0x9 pixels/],
    ['a GIF', 'GIF89a;', /it is a GIF, and not a PNG or JPEG/],
    ['a WebP', 'RIFF\0\0\0\0WEBPVP8 ', /it is a WebP image/],
    ['a web page', '<!DOCTYPE html><p>quota', /it is a web page/],
    ['nothing', '', /it is empty/]
  ])('is refused by its name: %s', async (_, content, message) => {
    const { read } = openImages(folder({ 'set/it.png': content }))
    await expect(read('set/it.png')).rejects.toThrow(/: set\/it\.png cannot be read: /)
    await expect(read('set/it.png')).rejects.toThrow(message)
    await expect(read('set/it.png')).rejects.toMatchObject({ code: 'images-invalid' })
  })
})

describe('a folder or archive of images', () => {
  const litter = { '__MACOSX/set/._a.png': 'x', 'set/._a.png': 'x', 'set/.DS_Store': 'x', 'set/Thumbs.db': 'x' }

  it('leaves out what systems put there, and says so', () => {
    const files = { 'set/a.png': tiny, 'set/b.bmp': 'BM', 'set/desktop.ini': 'x', ...litter }
    const unpacked = openImages(folder(files))
    expect(unpacked.names).toEqual(['set/a.png'])
    expect(unpacked.skipped).toEqual([
      ...['__MACOSX/', 'set/.DS_Store', 'set/._a.png', 'set/Thumbs.db', 'set/b.bmp', 'set/desktop.ini']
    ])
    const archive = join(folder({}), 'set.zip')
    writeFileSync(archive, writeZip(new Map(Object.entries(files).map(([name, data]) => [name, Buffer.from(data)]))))
    const packed = openImages(archive)
    expect(packed.names).toEqual(['set/a.png'])
    expect(packed.skipped).toContain('__MACOSX/set/._a.png')
    expect(packed.skipped).toHaveLength(6)
  })

  it('is listed once, whatever links lead back into it', () => {
    const place = folder({ 'a.png': tiny, 'deep/b.png': tiny })
    symlinkSync('.', join(place, 'self'))
    symlinkSync('..', join(place, 'deep', 'up'))
    symlinkSync('deep', join(place, 'again'))
    symlinkSync('nowhere.png', join(place, 'lost.png'))
    const elsewhere = folder({ 'c.png': tiny })
    symlinkSync(elsewhere, join(place, 'zelse'))
    symlinkSync(join(elsewhere, 'c.png'), join(place, 'd.png'))
    const { names, skipped } = openImages(place)
    expect(names).toEqual(['a.png', 'd.png', 'deep/b.png', 'zelse/c.png'])
    expect(skipped).toEqual(['again/', 'deep/up/', 'lost.png', 'self/'])
  })

  it.each<[string, Uint8Array | string, RegExp]>([
    ['a single image', tiny, /it: is a PNG; give a folder or a zip archive of images/],
    [
      'a tar archive',
      Buffer.concat([Buffer.alloc(257), Buffer.from('ustar\0')]),
      /it: is a tar archive; give a folder/
    ],
    ['a gzip file', Buffer.of(0x1f, 0x8b, 8), /it: is a gzip file; give/],
    ['text', 'hello', /it: is a file that begins with the bytes 68656c6c; give/]
  ])('is not %s', (_, content, message) => {
    expect(() => openImages(join(folder({ it: content }), 'it'))).toThrow(message)
  })

  it('without an image says what it has', () => {
    expect(() => openImages(folder({ 'a.bmp': 'BM', 'b.webp': 'x' }))).toThrow(
      /no PNG or JPEG in it, but a\.bmp, b\.webp; give/
    )
    expect(() => openImages('/nowhere/at/all')).toThrow(/there is no such folder, zip archive or IDX file/)
  })
})
