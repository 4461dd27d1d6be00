import { resizeBicubic, type Picture } from './resize.js'

/** Sides of pictures beside each other, in pixels: smaller ones are enlarged up to the first, none exceeds the second. */
const [ENLARGED, MOST] = [96, 256]

/** The size at which images of a size are shown beside each other. Small ones grow by a whole factor. */
export function fittedSize(height: number, width: number): { readonly height: number; readonly width: number } {
  const longer = Math.max(height, width)
  const factor = longer > MOST ? MOST / longer : Math.max(1, Math.floor(ENLARGED / longer))
  const scaled = (side: number) => Math.max(1, Math.round(side * factor))
  return { height: scaled(height), width: scaled(width) }
}

/** A picture at the size at which it is shown: whole pixels enlarged, or made smaller by bicubic resizing. */
export function fitted(picture: Picture): Picture {
  const { height, width } = fittedSize(picture.height, picture.width)
  if (height < picture.height || width < picture.width) return resizeBicubic(picture, height, width)
  return enlarged(picture, height / picture.height)
}

function enlarged({ height, width, channels, data }: Picture, factor: number): Picture {
  const wide = width * factor
  const grown = new Uint8Array(height * factor * wide * channels)
  for (let y = 0; y < height * factor; y++)
    for (let x = 0; x < wide; x++) {
      const from = (Math.floor(y / factor) * width + Math.floor(x / factor)) * channels
      for (let c = 0; c < channels; c++) grown[(y * wide + x) * channels + c] = data[from + c]
    }
  return { height: height * factor, width: wide, channels, data: grown }
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
