import { bicubicShares } from '../networks/bicubic.js'

/** Bytes of an image, [height, width, channels]. */
export interface Picture {
  readonly height: number
  readonly width: number
  readonly channels: number
  readonly data: Uint8Array
}

/**
 * Bicubic resizing (Keys 1981, a = -1/2) that blurs what becomes smaller, as Pillow does it and CLIP's preparation with
 * it: first along the rows, then along the columns, rounded to bytes after each.
 */
export function resizeBicubic(picture: Picture, height: number, width: number): Picture {
  const wide = along(picture, width, bicubicShares(picture.width, width))
  return transposed(along(transposed(wide), height, bicubicShares(picture.height, height)))
}

function along(
  { height, width, channels, data }: Picture,
  to: number,
  places: ReturnType<typeof bicubicShares>
): Picture {
  const resized = new Uint8Array(height * to * channels)
  for (let row = 0; row < height; row++)
    for (const [i, { first, shares }] of places.entries())
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0
        for (let k = 0; k < shares.length; k++) sum += shares[k] * data[(row * width + first + k) * channels + channel]
        resized[(row * to + i) * channels + channel] = Math.min(Math.max(Math.floor(sum + 0.5), 0), 255)
      }
  return { height, width: to, channels, data: resized }
}

function transposed({ height, width, channels, data }: Picture): Picture {
  const turned = new Uint8Array(data.length)
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++)
      for (let channel = 0; channel < channels; channel++)
        turned[(column * height + row) * channels + channel] = data[(row * width + column) * channels + channel]
  return { height: width, width: height, channels, data: turned }
}

/** The middle of an image, height x width pixels of it. */
export function cropped(picture: Picture, height: number, width: number): Picture {
  const { channels } = picture
  const top = Math.floor((picture.height - height) / 2)
  const left = Math.floor((picture.width - width) / 2)
  const data = new Uint8Array(height * width * channels)
  for (let row = 0; row < height; row++) {
    const from = ((top + row) * picture.width + left) * channels
    data.set(picture.data.subarray(from, from + width * channels), row * width * channels)
  }
  return { height, width, channels, data }
}
