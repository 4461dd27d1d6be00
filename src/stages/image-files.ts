import { encodeNpy } from '../checkpoints/npy.js'
import { grid } from '../images/grid.js'
import { toPng } from '../images/to-png.js'
import type { Shape } from '../models/denoiser.js'
import { npyFile, type ShardFile } from './shards.js'

/** Images in the overview of a stage. */
const GRID_IMAGES = 64

/** The images of a shard, [count, height, width, channels]; the first shard has an overview too. */
export function imageFiles(bytes: Uint8Array, shape: Shape, position: number): ShardFile[] {
  const [channels, height, width] = shape
  const size = channels * height * width
  const images = encodeNpy({ dtype: 'uint8', shape: [bytes.length / size, height, width, channels], data: bytes })
  if (position > 0 || (channels !== 1 && channels !== 3)) return [npyFile('images', images)]
  const png = toPng(grid(bytes.subarray(0, GRID_IMAGES * size), shape))
  return [npyFile('images', images), { name: 'grid', data: png, extension: 'png', mediaType: 'image/png' }]
}
