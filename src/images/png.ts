import { convertIndexedToRgb, decode, encode } from 'fast-png'

/** Rows of pixels, 8 bits a channel: [height, width, channels]. */
export interface Raster {
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3
  readonly data: Uint8Array
}

export function encodePng(raster: Raster): Uint8Array {
  return encode(raster)
}

/**
 * A PNG of gray, colour or palette; what it says of transparency is left out.
 * @throws Error that says what is wrong with the file, or that it has 16 bits a channel
 */
export function decodePng(bytes: Uint8Array): Raster {
  const image = decode(bytes, { checkCrc: true })
  const { width, height, depth, palette } = image
  if (palette) return withoutAlpha(width, height, palette[0]?.length ?? 3, convertIndexedToRgb(image))
  if (depth !== 8) throw new Error(`it has ${depth} bits a channel, and 8 are needed`)
  return withoutAlpha(width, height, image.channels, Uint8Array.from(image.data))
}

function withoutAlpha(width: number, height: number, from: number, data: Uint8Array): Raster {
  const channels = from < 3 ? 1 : 3
  if (from === channels) return { width, height, channels, data }
  const kept = new Uint8Array(width * height * channels)
  for (let i = 0; i < kept.length; i++) kept[i] = data[Math.floor(i / channels) * from + (i % channels)]
  return { width, height, channels, data: kept }
}
