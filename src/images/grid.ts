import type { Shape } from '../models/denoiser.js'
import type { Raster } from './raster.js'

/** Small images are enlarged until a side has as many pixels. */
const VISIBLE = 64
const GAP = 4
const BACKGROUND = 255

/**
 * An overview of images, [count, height, width, channels] of bytes: side by side on white, as square as may be, whole
 * pixels enlarged so that small images are seen.
 * @param shape the size of one image, as `sampleImages` gives it
 */
export function grid(images: Uint8Array, [channels, height, width]: Shape): Raster {
  const drawn = channels === 1 ? 1 : 3
  const size = height * width * channels
  const count = images.length / size
  const columns = Math.ceil(Math.sqrt(count))
  const rows = Math.ceil(count / columns)
  const zoom = Math.max(1, Math.floor(VISIBLE / Math.max(height, width)))
  const [cellHeight, cellWidth] = [height * zoom + GAP, width * zoom + GAP]
  const raster = { width: columns * cellWidth + GAP, height: rows * cellHeight + GAP, channels: drawn } as const
  const data = new Uint8Array(raster.width * raster.height * drawn).fill(BACKGROUND)
  for (let image = 0; image < count; image++) {
    const top = GAP + Math.floor(image / columns) * cellHeight
    const left = GAP + (image % columns) * cellWidth
    for (let y = 0; y < height * zoom; y++)
      for (let x = 0; x < width * zoom; x++) {
        const from = image * size + (Math.floor(y / zoom) * width + Math.floor(x / zoom)) * channels
        const to = ((top + y) * raster.width + left + x) * drawn
        for (let c = 0; c < drawn; c++) data[to + c] = images[from + Math.min(c, channels - 1)]
      }
  }
  return { ...raster, data }
}
