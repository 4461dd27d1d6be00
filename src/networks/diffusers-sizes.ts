import { isCount, type Arguments } from './arguments.js'
import type { BlockKind, UNetClass } from './diffusers-block-types.js'
import type { DiffusersUNetConfig } from './diffusers-unet.js'
import type { Size } from './network.js'

/** The sizes of an image within a network, from the whole to the smallest. */
export function sizesWithin({ down, cornerPadding }: DiffusersUNetConfig, size: Size): readonly Size[] {
  const sizes = [size]
  for (const { resample } of down) {
    const half = resample === 'block' || cornerPadding ? Math.floor : Math.ceil
    const [height, width] = sizes[sizes.length - 1]
    if (resample !== undefined) sizes.push([half(height / 2), half(width / 2)])
  }
  return sizes
}

/** The longest side that is doubled to an odd size, which takes a matrix of half as many values as it has pixels. */
const MOST_UNEVEN = 4096

/**
 * Checks that images which do not halve evenly meet their sizes again, which they do only where a block is told them.
 * @throws EpdError `model-invalid`
 */
export function checkSizes(
  read: Arguments,
  config: DiffusersUNetConfig,
  up: readonly BlockKind[],
  className: UNetClass,
  size: Size
): void {
  const sizes = sizesWithin(config, size)
  const smallest = sizes[sizes.length - 1]
  for (const [index, kind] of up.slice(0, -1).entries()) {
    const [from, to] = [sizes[sizes.length - 1 - index], sizes[sizes.length - 2 - index]]
    const isDouble = to.every((side, axis) => side === 2 * from[axis])
    const fits = className === 'UNet2DConditionModel' && (kind === 'plain' || kind === 'context')
    if (smallest.includes(0) || !(isDouble || fits))
      throw read.unsupported('sample_size', size, `which cannot be halved ${sizes.length - 1} times`)
    if (!isDouble && Math.max(...to) > MOST_UNEVEN)
      throw read.unsupported('sample_size', size, `whose halves are uneven; such sides are at most ${MOST_UNEVEN}`)
  }
}

/** The size of a sample. @throws EpdError `model-invalid` where none is given */
export function sizeOf(read: Arguments): Size {
  const given = read.value('sample_size')
  if (given === null)
    throw read.unsupported(
      'sample_size',
      null,
      "so that nothing says how large its samples are; name it in the model's shape, [channels, height, width]"
    )
  const size = typeof given === 'number' ? [given, given] : given
  if (Array.isArray(size) && size.length === 2 && size.every(side => isCount(side) && side > 0))
    return [size[0], size[1]]
  throw read.wrong('sample_size', "an image's side, or its height and width")
}
