import type { Picture } from './resize.js'

/**
 * Sides of pictures beside each other, in pixels: smaller ones are enlarged up to the first, none exceeds the second.
 */
const [ENLARGED, MOST] = [96, 256]

/** The size at which images of a size are shown beside each other: enlarged, or made smaller, by a whole factor. */
export function fittedSize(height: number, width: number): { readonly height: number; readonly width: number } {
  const { grow, shrink } = factors(height, width)
  const scaled = (side: number) => Math.max(1, Math.floor((side * grow) / shrink))
  return { height: scaled(height), width: scaled(width) }
}

function factors(height: number, width: number): { readonly grow: number; readonly shrink: number } {
  const longer = Math.max(height, width)
  return { grow: Math.max(1, Math.floor(ENLARGED / longer)), shrink: Math.ceil(longer / MOST) }
}

/** A picture at that size: its pixels as squares, or the means of squares of its pixels. */
export function fitted(picture: Picture): Picture {
  const { height, width, channels, data } = picture
  const { grow, shrink } = factors(height, width)
  if (grow === 1 && shrink === 1) return picture
  const size = fittedSize(height, width)
  const made = new Uint8Array(size.height * size.width * channels)
  for (let y = 0; y < size.height; y++)
    for (let x = 0; x < size.width; x++) {
      const [top, left] = [Math.floor((y * shrink) / grow), Math.floor((x * shrink) / grow)]
      for (let c = 0; c < channels; c++) {
        let sum = 0
        for (let row = top; row < top + shrink; row++)
          for (let column = left; column < left + shrink; column++)
            // A side that is less than a square is shown by its last pixels again.
            sum += data[(Math.min(row, height - 1) * width + Math.min(column, width - 1)) * channels + c]
        made[(y * size.width + x) * channels + c] = Math.round(sum / shrink ** 2)
      }
    }
  return { ...size, channels, data: made }
}

/** What is shown of images of so many channels, in words; undefined where that is all of them. */
export function shownChannels(channels: number): string | undefined {
  if (channels === 1 || channels === 3) return undefined
  return channels === 2 ? 'channel 1 of 2' : `channels 1 to 3 of ${channels} as red, green and blue`
}

/** A picture in red, green and blue: gray from 1 or 2 channels, colours from the first 3 of more. */
export function inColour({ height, width, channels, data }: Picture): Picture {
  const colours = new Uint8Array(height * width * 3)
  for (let pixel = 0; pixel < height * width; pixel++)
    for (let c = 0; c < 3; c++) colours[pixel * 3 + c] = data[pixel * channels + (channels < 3 ? 0 : c)]
  return { height, width, channels: 3, data: colours }
}
