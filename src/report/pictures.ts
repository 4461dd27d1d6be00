import { toPng } from '../images/to-png.js'
import type { Raster } from '../images/raster.js'
import { picturesOf, placesOf } from '../pipeline/sampled.js'
import type { Store } from '../store/store.js'

/** Images of one size, by their seeds. */
export interface Pictures {
  readonly width: number
  readonly height: number
  readonly channels: number
  /** [height, width, channels] of bytes each. */
  readonly bySeed: ReadonlyMap<number, Uint8Array>
}

/** The stored images of a stage: those of some seeds. Undefined where it has left none of them. */
export function readPictures(store: Store, key: string, seeds: readonly number[]): Pictures | undefined {
  const found = picturesOf(store, { places: placesOf(store, key) }, seeds)
  const first = found.find(picture => picture !== undefined)
  if (!first) return undefined
  const { width, height, channels } = first
  const bySeed = new Map(found.flatMap((picture, i) => (picture ? [[seeds[i], picture.data]] : [])))
  return { width, height, channels, bySeed }
}

/** Images side by side without a gap, in the order of the seeds. */
export function strip({ width, height, channels, bySeed }: Pictures, seeds: readonly number[]): Raster {
  return filled(width, height, seeds.length, channels === 1 ? 1 : 3, (image, pixel, channel) => {
    const data = bySeed.get(seeds[image])
    return data?.[pixel * channels + Math.min(channel, channels - 1)] ?? 0
  })
}

/** How much error is white in a map, in levels of 255: the 99th of a hundred parts of all errors of some images. */
export function errorScale(all: readonly Pictures[], truth: Pictures, seeds: readonly number[]): number {
  const errors = all.flatMap(pictures => seeds.flatMap(seed => [...errorsOf(pictures, truth, seed)]))
  errors.sort((a, b) => a - b)
  return Math.max(errors[Math.floor(errors.length * 0.99)] ?? 0, 1)
}

/** A map of errors for each seed, side by side: black where an image is the truth's, brighter the farther it is off. */
export function errorStrip(pictures: Pictures, truth: Pictures, seeds: readonly number[], scale: number): Raster {
  const maps = seeds.map(seed => errorsOf(pictures, truth, seed))
  return filled(pictures.width, pictures.height, seeds.length, 3, (image, pixel, channel) =>
    heat(Math.min(maps[image][pixel] / scale, 1), channel)
  )
}

/** The mean absolute difference of each pixel's channels. */
function errorsOf({ channels, width, height, bySeed }: Pictures, truth: Pictures, seed: number): Float64Array {
  const [own, other] = [bySeed.get(seed), truth.bySeed.get(seed)]
  return Float64Array.from({ length: width * height }, (_, pixel) => {
    let sum = 0
    for (let i = pixel * channels; i < (pixel + 1) * channels; i++) sum += Math.abs((own?.[i] ?? 0) - (other?.[i] ?? 0))
    return sum / channels
  })
}

/** Black, purple, orange, white: even steps of lightness, which people with any colour vision see alike. */
const HEAT = [
  [0, 0, 0],
  [87, 16, 110],
  [188, 55, 84],
  [249, 142, 9],
  [255, 255, 224]
] as const

function heat(share: number, channel: number): number {
  const at = share * (HEAT.length - 1)
  const low = Math.min(Math.floor(at), HEAT.length - 2)
  return Math.round(HEAT[low][channel] + (at - low) * (HEAT[low + 1][channel] - HEAT[low][channel]))
}

function filled(
  width: number,
  height: number,
  count: number,
  channels: 1 | 3,
  value: (image: number, pixel: number, channel: number) => number
): Raster {
  const data = new Uint8Array(width * count * height * channels)
  for (let image = 0; image < count; image++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let channel = 0; channel < channels; channel++)
          data[(y * width * count + image * width + x) * channels + channel] = value(image, y * width + x, channel)
  return { width: width * count, height, channels, data }
}

/** A PNG as an address that holds it. */
export function dataUri(raster: Raster): string {
  return `data:image/png;base64,${Buffer.from(toPng(raster)).toString('base64')}`
}
