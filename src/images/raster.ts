import { turns } from '../turns.js'

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

/**
 * More pixels than an image of any use has, such as 8192x8192; a file that claims more is damaged, or is made to fill
 * the memory. What decodes JPEG has these in a second, in which the process hears no signal.
 */
export const MOST_PIXELS = 2 ** 26

/** @throws Error if no image has such a size */
export function expectSize({ width, height }: Size): void {
  if (width < 1 || height < 1 || width * height > MOST_PIXELS)
    throw new Error(`it says that it has ${width}x${height} pixels`)
}

/** Items that are worked on between two looks at the clock. */
const SLICE = 1 << 16

/** Works on items from one place to before another, all of them in the end; now and then others have their turn. */
export async function inSlices(count: number, work: (from: number, to: number) => void): Promise<void> {
  const turn = turns()
  for (let from = 0; from < count; from += SLICE) {
    work(from, Math.min(from + SLICE, count))
    await turn()
  }
}
