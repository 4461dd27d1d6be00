import { encode } from 'fast-png'

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
