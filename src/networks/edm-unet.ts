import type { Ops } from '../engines/ops.js'
import type { Arguments } from './arguments.js'
import type { Network } from './network.js'
import { attentionBlock, residualBlock, type BlockOptions, type BlockStyle } from './unet-block.js'

/** The arguments that both networks of EDM have. */
export interface EdmUNetConfig {
  readonly resolution: number
  readonly outChannels: number
  readonly labelDim: number
  /** Augmentation labels, which are zero when sampling. */
  readonly augmentDim: number
  readonly modelChannels: number
  readonly channelMult: readonly number[]
  readonly channelMultEmb: number
  readonly numBlocks: number
  readonly attentionResolutions: readonly number[]
}

/** The values that each network of EDM gives to arguments that are left out. */
export interface EdmDefaults {
  readonly channelMult: readonly number[]
  readonly modelChannels: number
  readonly numBlocks: number
  readonly attentionResolutions: readonly number[]
}

/** Reads the arguments that both networks of EDM have. @throws EpdError `model-invalid` */
export function edmArguments(
  read: Arguments,
  learnedVariance: boolean,
  defaults: EdmDefaults
): Pick<Network, 'size' | 'inChannels' | 'labelDim'> & { readonly config: EdmUNetConfig } {
  const resolution = read.count('img_resolution')
  const inChannels = read.count('img_channels')
  const labelDim = read.count('label_dim', 0)
  return {
    size: [resolution, resolution],
    inChannels,
    labelDim,
    config: {
      resolution,
      outChannels: learnedVariance ? 2 * inChannels : inChannels,
      labelDim,
      augmentDim: read.count('augment_dim', 0),
      channelMultEmb: read.count('channel_mult_emb', 4),
      channelMult: read.counts('channel_mult', defaults.channelMult),
      modelChannels: read.count('model_channels', defaults.modelChannels),
      numBlocks: read.layers('num_blocks', defaults.numBlocks),
      attentionResolutions: read.counts('attn_resolutions', defaults.attentionResolutions)
    }
  }
}

/** A level of the U-Net, whose images have one size. */
export interface EdmLevel {
  readonly channels: number
  /** The size of its images, with which the names of its layers begin. */
  readonly prefix: string
  readonly attention: boolean
}

export function edmLevels({
  resolution,
  modelChannels,
  channelMult,
  attentionResolutions
}: EdmUNetConfig): readonly EdmLevel[] {
  return channelMult.map((mult, level) => {
    const size = resolution >> level
    return { channels: modelChannels * mult, prefix: `${size}x${size}`, attention: attentionResolutions.includes(size) }
  })
}

/** A residual block, with attention behind it where the options ask for it. */
export type EdmBlock<T> = (name: string, x: T, options: BlockOptions & { readonly attention?: boolean }) => T

export function edmBlock<T>(ops: Ops<T>, style: BlockStyle, embedding: T): EdmBlock<T> {
  return (name, x, { attention = false, ...options }) => {
    const h = residualBlock(ops, style, name, x, embedding, options)
    return attention ? attentionBlock(ops, style, name, h) : h
  }
}
