import { encode } from 'fast-png'
import type { Raster } from './raster.js'

/** An image as the bytes of a PNG, 8 bits a channel: gray for 1 channel, RGB for 3. */
export function toPng(raster: Raster): Uint8Array {
  return encode(raster)
}
