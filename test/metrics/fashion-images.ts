import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

const COUNT = 512
const PIXELS = 28 * 28

const bytes = gunzipSync(readFileSync(new URL('../fixtures/fashion28.gz', import.meta.url)))

/** The first test images of Fashion-MNIST, [512, 28, 28], 0 to 255, and their classes. */
export const TEST_IMAGES = {
  count: COUNT,
  pixels: Uint8Array.from(bytes.subarray(0, COUNT * PIXELS)),
  classes: Int32Array.from(bytes.subarray(COUNT * PIXELS))
}
