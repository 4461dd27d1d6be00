/** Rows of pixels, 8 bits a channel: [height, width, channels]. */
export interface Raster extends Size {
  readonly channels: 1 | 3
  readonly data: Uint8Array
}

/** The size of an image in pixels. */
export interface Size {
  readonly width: number
  readonly height: number
}

/** More pixels than an image of any use has; a file that claims more is damaged, or is made to fill the memory. */
const MOST_PIXELS = 2 ** 28

/** @throws Error if no image has such a size */
export function expectSize({ width, height }: Size): void {
  if (width < 1 || height < 1 || width * height > MOST_PIXELS)
    throw new Error(`it says that it has ${width}x${height} pixels`)
}
