import type { Shape } from '../models/denoiser.js'

/**
 * Images of [batch, ...shape] in [-1, 1] as bytes, [batch, height, width, channels]: floor(clip(127.5 x + 128, 0,
 * 255)).
 */
export function toUint8(x: Float64Array, [channels, height, width]: Shape): Uint8Array {
  const pixels = height * width
  const bytes = new Uint8Array(x.length)
  for (let image = 0; image < x.length; image += channels * pixels)
    for (let channel = 0; channel < channels; channel++)
      for (let pixel = 0; pixel < pixels; pixel++) {
        const value = 127.5 * x[image + channel * pixels + pixel] + 128
        bytes[image + pixel * channels + channel] = Math.floor(Math.min(Math.max(value, 0), 255))
      }
  return bytes
}
