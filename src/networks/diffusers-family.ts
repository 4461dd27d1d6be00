import type { Arguments } from './arguments.js'
import { levelChannels, optionalCount } from './diffusers-arguments.js'
import { blockKinds, type BlockKinds, type UNetClass } from './diffusers-block-types.js'
import { checkSizes, sizeOf, sizesWithin } from './diffusers-sizes.js'
import { classesOf, configOf, crossWidth } from './diffusers-unet-config.js'
import { diffusersUNet, type DiffusersUNetConfig } from './diffusers-unet.js'
import type { Network, NetworkFamily } from './network.js'

/** The U-Nets of diffusers, by the arguments of their classes. */
export const UNET_2D_MODEL = familyOf('UNet2DModel')
export const UNET_2D_CONDITION_MODEL = familyOf('UNet2DConditionModel')

function familyOf(className: UNetClass): NetworkFamily {
  return { name: className, describe: read => diffusersNetwork(read, className) }
}

/** The number of classes of a network that is told their numbers and does not say how many there are. */
const NUMBERED_CLASSES = 1000

/**
 * The network of the arguments of a UNet2DModel or UNet2DConditionModel. All of them are given, as settingsOf of
 * diffusers-classes.ts has them; `sample_size` is the height and width of an image, `context_tokens` this project's
 * own.
 * @throws EpdError `model-invalid` that names an argument
 */
export function diffusersNetwork(read: Arguments, className: UNetClass): Network {
  const channels = levelChannels(read)
  const size = sizeOf(read)
  const kinds = blockKinds(read, channels.length)
  const inChannels = read.count('in_channels')
  const config = configOf(read, className, channels, kinds)
  checkChannels(read, inChannels, config)
  checkSizes(read, config, kinds.up, className, size)
  const [height, width] = sizesWithin(config, size).at(-1) ?? size
  return {
    architecture: className,
    size,
    inChannels,
    labelDim: labelDimOf(read),
    context:
      className === 'UNet2DConditionModel'
        ? { tokens: read.count('context_tokens', 77), width: contextWidth(read, kinds) }
        : undefined,
    bottleneckPixels: height * width,
    apply: (ops, input) => diffusersUNet(ops, config, input)
  }
}

function labelDimOf(read: Arguments): number {
  const classes = classesOf(read)
  if (classes === undefined) return 0
  if (classes === 'table') return read.count('num_class_embeds')
  return optionalCount(read, 'num_class_embeds') ?? NUMBERED_CLASSES
}

/** The width of a token of the context that the network is given. */
function contextWidth(read: Arguments, kinds: BlockKinds): number {
  return optionalCount(read, 'encoder_hid_dim') ?? crossWidth(read, kinds)
}

function checkChannels(read: Arguments, inChannels: number, { outChannels }: DiffusersUNetConfig): void {
  if (outChannels === inChannels || outChannels === 2 * inChannels) return
  throw read.unsupported(
    'in_channels',
    inChannels,
    `but out_channels is ${outChannels}: a network that is given more than a noisy image, as for inpainting, ` +
      'is not supported'
  )
}
