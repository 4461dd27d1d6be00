import { promisify } from 'node:util'
import { inflate } from 'node:zlib'
import { crc32 } from '../random/crc32.js'
import { turns } from '../turns.js'
import { expectSize, inSlices, type Raster, type Size } from './raster.js'

/**
 * A PNG of gray, colour or palette as Pillow's convert('RGB') has it, but for gray, which keeps its one channel; what
 * it says of transparency is left out.
 * @throws Error that says what is wrong with the file, or that it has 16 bits a channel
 */
export async function decodePng(bytes: Uint8Array): Promise<Raster> {
  const { header, palette, packed } = partsOf(bytes)
  const { width, height, samples } = header
  const pixels = await unpacked(await inflated(packed, header), header)
  if (header.type === 'palette') return { width, height, channels: 3, data: await coloured(pixels, palette) }
  return withoutAlpha(width, height, samples, await spread(pixels, header))
}

/** The number of pixels of a PNG, by its first bytes. @throws Error */
export function pngSize(bytes: Uint8Array): Size {
  const { width, height } = headerOf(bytes)
  return { width, height }
}

/** The bytes of a PNG that pngSize looks at. */
const PNG_HEADER = 33
const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')

export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.equals(bytes.subarray(0, SIGNATURE.length))
}

/** PNG's kinds of colour by their numbers, with the samples that a pixel has. */
const COLOURS: Readonly<
  Partial<Record<number, { readonly type: 'gray' | 'colour' | 'palette'; readonly samples: number }>>
> = {
  0: { type: 'gray', samples: 1 },
  2: { type: 'colour', samples: 3 },
  3: { type: 'palette', samples: 1 },
  4: { type: 'gray', samples: 2 },
  6: { type: 'colour', samples: 4 }
}

interface Header extends Size {
  readonly type: 'gray' | 'colour' | 'palette'
  /** Numbers that one pixel has. */
  readonly samples: number
  /** Bits of a sample: 1, 2, 4 or 8. */
  readonly depth: number
  readonly interlaced: boolean
}

function headerOf(bytes: Uint8Array): Header {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.length < PNG_HEADER) throw new Error('it is cut off')
  if (view.toString('latin1', 12, 16) !== 'IHDR') throw new Error('its header is damaged')
  const [width, height, depth, colour, interlace] = [
    ...[view.readUInt32BE(16), view.readUInt32BE(20)],
    ...[view[24], view[25], view[28]]
  ]
  const kind = COLOURS[colour]
  const fits = depth === 8 || depth === 16 || (kind?.samples === 1 && [1, 2, 4].includes(depth))
  if (!kind || !fits || interlace > 1) throw new Error('its header is damaged')
  expectSize({ width, height })
  if (depth === 16) throw new Error('it has 16 bits a channel, and 8 are needed; save it with 8 bits a channel')
  return { width, height, ...kind, depth, interlaced: interlace === 1 }
}

/** A PNG's header, palette and packed pixels, from its chunks. */
function partsOf(bytes: Uint8Array): { header: Header; palette: Uint8Array; packed: Buffer } {
  const header = headerOf(bytes)
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const packed: Buffer[] = []
  let palette: Uint8Array = new Uint8Array(0)
  for (let at = SIGNATURE.length; ;) {
    if (at + 12 > view.length) throw new Error('it is cut off')
    const [length, type] = [view.readUInt32BE(at), view.toString('latin1', at + 4, at + 8)]
    const end = at + 8 + length
    if (end + 4 > view.length) throw new Error('it is cut off')
    if (crc32(view.subarray(at + 4, end)) !== view.readUInt32BE(end))
      throw new Error(`it is damaged: the checksum of its ${JSON.stringify(type)} is wrong`)
    const content = view.subarray(at + 8, end)
    if (type === 'IEND') return { header, palette, packed: Buffer.concat(packed) }
    if (type === 'IDAT') packed.push(content)
    if (type === 'PLTE') palette = content
    at = end + 4
  }
}

async function inflated(packed: Buffer, header: Header): Promise<Buffer> {
  const expected = passesOf(header).reduce((sum, { rows, bytes }) => sum + rows * (1 + bytes), 0)
  const data = await promisify(inflate)(packed, { maxOutputLength: 2 * expected + 1024 })
  if (data.length < expected) throw new Error('it is damaged: some of its pixels are missing')
  return data
}

/** Pixels that stand in a grid of their own: all of an image, or those that one of Adam7's seven passes brings. */
interface Pass {
  readonly x: number
  readonly y: number
  readonly dx: number
  readonly dy: number
  readonly columns: number
  readonly rows: number
  /** Bytes that one row takes. */
  readonly bytes: number
}

const ADAM7 = [
  { x: 0, y: 0, dx: 8, dy: 8 },
  { x: 4, y: 0, dx: 8, dy: 8 },
  { x: 0, y: 4, dx: 4, dy: 8 },
  { x: 2, y: 0, dx: 4, dy: 4 },
  { x: 0, y: 2, dx: 2, dy: 4 },
  { x: 1, y: 0, dx: 2, dy: 2 },
  { x: 0, y: 1, dx: 1, dy: 2 }
]

function passesOf({ width, height, depth, samples, interlaced }: Header): Pass[] {
  const grids = interlaced ? ADAM7 : [{ x: 0, y: 0, dx: 1, dy: 1 }]
  return grids.flatMap(grid => {
    const columns = Math.ceil((width - grid.x) / grid.dx)
    const rows = Math.ceil((height - grid.y) / grid.dy)
    if (columns <= 0 || rows <= 0) return []
    return [{ ...grid, columns, rows, bytes: Math.ceil((columns * samples * depth) / 8) }]
  })
}

/** One byte a sample, [height, width, samples]. */
async function unpacked(data: Buffer, header: Header): Promise<Uint8Array> {
  const { width, height, depth, samples, interlaced } = header
  const step = Math.max((samples * depth) / 8, 1)
  const pixels = new Uint8Array(width * height * samples)
  const mask = 2 ** depth - 1
  const turn = turns()
  let at = 0
  for (const { x, y, dx, dy, columns, rows, bytes } of passesOf(header)) {
    let above: Uint8Array = new Uint8Array(bytes)
    for (let row = 0; row < rows; row++) {
      const pause = turn()
      if (pause) await pause
      const line = data.subarray(at + 1, at + 1 + bytes)
      unfilter(data[at], line, above, step)
      above = line
      at += 1 + bytes
      if (depth === 8 && !interlaced) {
        pixels.set(line, row * bytes)
        continue
      }
      for (let column = 0; column < columns; column++) {
        const to = ((y + row * dy) * width + x + column * dx) * samples
        for (let s = 0; s < samples; s++) {
          const bit = (column * samples + s) * depth
          pixels[to + s] = (line[bit >> 3] >> (8 - depth - (bit & 7))) & mask
        }
      }
    }
  }
  return pixels
}

/** Undoes in place what PNG's filters do to a row; `step`: bytes of a pixel. */
function unfilter(filter: number, line: Uint8Array, above: Uint8Array, step: number): void {
  if (filter >= FILTERS.length) throw new Error(`it is damaged: a row has filter ${filter}`)
  FILTERS[filter](line, above, step)
}

const FILTERS: readonly ((line: Uint8Array, above: Uint8Array, step: number) => void)[] = [
  () => undefined,
  (line, _, step) => {
    for (let i = step; i < line.length; i++) line[i] += line[i - step]
  },
  (line, above) => {
    for (let i = 0; i < line.length; i++) line[i] += above[i]
  },
  (line, above, step) => {
    for (let i = 0; i < line.length; i++) line[i] += ((i < step ? 0 : line[i - step]) + above[i]) >> 1
  },
  (line, above, step) => {
    for (let i = 0; i < line.length; i++)
      line[i] += i < step ? above[i] : paeth(line[i - step], above[i], above[i - step])
  }
]

function paeth(left: number, above: number, corner: number): number {
  const guess = left + above - corner
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - above), Math.abs(guess - corner)]
  if (a <= b && a <= c) return left
  return b <= c ? above : corner
}

/** Gray of fewer bits over the whole range of a byte, in place. */
async function spread(pixels: Uint8Array, { depth }: Header): Promise<Uint8Array> {
  if (depth === 8) return pixels
  const scale = 255 / (2 ** depth - 1)
  await inSlices(pixels.length, (from, to) => {
    for (let i = from; i < to; i++) pixels[i] *= scale
  })
  return pixels
}

async function coloured(pixels: Uint8Array, palette: Uint8Array): Promise<Uint8Array> {
  const data = new Uint8Array(3 * pixels.length)
  await inSlices(pixels.length, (from, to) => {
    for (let i = from; i < to; i++) {
      const at = 3 * pixels[i]
      if (at + 3 > palette.length) throw new Error('it is damaged: it has a colour beyond its palette')
      for (let c = 0; c < 3; c++) data[3 * i + c] = palette[at + c]
    }
  })
  return data
}

async function withoutAlpha(width: number, height: number, samples: number, data: Uint8Array): Promise<Raster> {
  const channels = samples < 3 ? 1 : 3
  if (samples === channels) return { width, height, channels, data }
  const kept = new Uint8Array(width * height * channels)
  await inSlices(kept.length, (from, to) => {
    for (let i = from; i < to; i++) kept[i] = data[Math.floor(i / channels) * samples + (i % channels)]
  })
  return { width, height, channels, data: kept }
}
