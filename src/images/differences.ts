import type { Colour } from './canvas.js'
import type { Picture } from './resize.js'

/** The difference of the extremes of a byte in images of [-1, 1], for a byte. */
const UNIT = 2 / 255

/**
 * How far each pixel of a picture is from another's, [height, width]: the mean over its channels of |a - b|, of images
 * in [-1, 1], so that 2 is the most. @throws RangeError if the two differ in size
 */
export function differences(a: Picture, b: Picture): Float64Array {
  const { height, width, channels } = a
  if (height !== b.height || width !== b.width || channels !== b.channels)
    throw new RangeError('pictures of different sizes cannot be compared')
  const found = new Float64Array(height * width)
  for (let pixel = 0; pixel < found.length; pixel++) {
    let sum = 0
    for (let c = pixel * channels; c < (pixel + 1) * channels; c++) sum += Math.abs(a.data[c] - b.data[c])
    found[pixel] = (sum * UNIT) / channels
  }
  return found
}

/** Pixels that may lie above the top of the scale, of a hundred. */
const ABOVE = 1
/** The least top of a scale: rounding to bytes makes differences of 0.008. */
const LEAST = 0.02

/** The top of a scale for some differences: 1, 2 or 5 times a power of ten, which all but 1 % of them are below. */
export function scaleTop(all: readonly Float64Array[]): number {
  const counts = new Float64Array(256)
  for (const some of all) for (const value of some) counts[Math.ceil(value / UNIT)]++
  let rest = (counts.reduce((sum, count) => sum + count, 0) * ABOVE) / 100
  let byte = 255
  while (byte > 0 && counts[byte] <= rest) rest -= counts[byte--]
  const bound = Math.max(byte * UNIT, LEAST)
  const tops = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2]
  return tops.find(top => top >= bound) ?? 2
}

/** From nothing to the most: white, yellow, orange, red, nearly black. */
const COLOURS: readonly Colour[] = [
  [255, 255, 255],
  [254, 227, 145],
  [254, 153, 41],
  [204, 47, 28],
  [90, 6, 34],
  [20, 4, 20]
]

/**
 * The colour of a difference at a place of the scale, 0 to 1, which goes by the square root of the difference: small
 * ones are seen beside large ones.
 */
export function colourAt(place: number): Colour {
  const at = Math.min(Math.max(place, 0), 1) * (COLOURS.length - 1)
  const [low, high] = [COLOURS[Math.floor(at)], COLOURS[Math.ceil(at)]]
  const mixed = (c: 0 | 1 | 2) => Math.round(low[c] + (high[c] - low[c]) * (at - Math.floor(at)))
  return [mixed(0), mixed(1), mixed(2)]
}

/** Differences as a picture of a scale with this top. */
export function differencePicture(found: Float64Array, height: number, width: number, top: number): Picture {
  const data = new Uint8Array(found.length * 3)
  found.forEach((value, pixel) => {
    data.set(colourAt(Math.sqrt(value / top)), pixel * 3)
  })
  return { height, width, channels: 3, data }
}
