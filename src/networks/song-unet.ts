import type { Ops } from '../engines/ops.js'
import type { Arguments } from './arguments.js'
import { edmArguments, edmBlock, edmLevels, type EdmBlock, type EdmLevel, type EdmUNetConfig } from './edm-unet.js'
import { fourierEmbedding, positionalEmbedding } from './embedding.js'
import { channelsOf, conv2d, groupNorm, linear, scale } from './layers.js'
import { pixelsOfLast, type NetworkFamily, type NetworkInput, type NetworkOutput } from './network.js'
import { EDM_ATTENTION, EDM_BLOCK, type BlockStyle } from './unet-block.js'

interface SongUNetConfig extends EdmUNetConfig {
  readonly channelMultNoise: number
  readonly embedding: 'positional' | 'fourier'
  readonly encoder: 'standard' | 'skip' | 'residual'
  readonly decoder: 'standard' | 'skip'
  /** One dimension of the separable filter that images are resampled with. */
  readonly filter: readonly number[]
}

/** The default values of EDM's class. */
const DEFAULTS = { channelMult: [1, 2, 2, 2], modelChannels: 128, numBlocks: 4, attentionResolutions: [16] }

/** DDPM++ and NCSN++ (Song et al. 2021, arXiv 2011.13456) as EDM has them. */
export const SONG_UNET: NetworkFamily = {
  name: 'SongUNet',
  describe(read, learnedVariance) {
    const { config: shared, ...face } = edmArguments(read, learnedVariance, DEFAULTS)
    const config = { ...shared, ...ownArguments(read) }
    return {
      ...face,
      architecture: 'SongUNet',
      bottleneckPixels: pixelsOfLast(face.size, config.channelMult.length),
      apply: (ops, input) => songUNet(ops, config, input)
    }
  }
}

function ownArguments(read: Arguments): Omit<SongUNetConfig, keyof EdmUNetConfig> {
  return {
    channelMultNoise: read.count('channel_mult_noise', 1),
    embedding: read.text('embedding_type', ['positional', 'fourier'], 'positional'),
    encoder: read.text('encoder_type', ['standard', 'skip', 'residual'], 'standard'),
    decoder: read.text('decoder_type', ['standard', 'skip'], 'standard'),
    filter: read.counts('resample_filter', [1, 1])
  }
}

/** The arguments of the network with the parts that its encoder and its decoder share. */
interface Parts<T> extends SongUNetConfig {
  readonly ops: Ops<T>
  readonly style: BlockStyle
  readonly levels: readonly EdmLevel[]
  readonly block: EdmBlock<T>
}

/** Builds DDPM++ or NCSN++. Names are those of EDM's state dict. */
function songUNet<T>(ops: Ops<T>, config: SongUNetConfig, input: NetworkInput<T>): NetworkOutput<T> {
  const style: BlockStyle = {
    ...EDM_BLOCK,
    epsilon: 1e-6,
    skipScale: Math.SQRT1_2,
    filter: config.filter,
    projectSkip: true,
    adaptiveScale: false,
    attention: { ...EDM_ATTENTION, heads: () => 1 }
  }
  const block = edmBlock(ops, style, embed(ops, config, input))
  const parts = { ...config, ops, style, block, levels: edmLevels(config) }
  const { bottleneck, skips } = encode(parts, input.x)
  return { image: decode(parts, bottleneck, skips), bottleneck }
}

interface Encoded<T> {
  readonly bottleneck: T
  /** The images that the decoder is given beside its own, the last first. */
  readonly skips: readonly T[]
}

function encode<T>(parts: Parts<T>, image: T): Encoded<T> {
  const { ops, levels, block, modelChannels, numBlocks } = parts
  const skips: T[] = []
  let x = image
  let side = image
  for (const [level, { channels, prefix, attention }] of levels.entries()) {
    const name = (part: string) => `model.enc.${prefix}_${part}`
    if (level === 0) x = conv2d(ops, name('conv'), x, { out: modelChannels, kernel: 3 })
    else [x, side] = withSide(parts, name, block(name('down'), x, { out: channelsOf(ops, x), down: true }), side)
    skips.push(x)
    for (let i = 0; i < numBlocks; i++) {
      x = block(name(`block${i}`), x, { out: channels, attention })
      skips.push(x)
    }
  }
  return { bottleneck: x, skips }
}

/** Adds the side branch of the encoder, which makes the input image smaller, and answers both. */
function withSide<T>(
  { ops, encoder, filter }: Parts<T>,
  name: (part: string) => string,
  x: T,
  side: T
): readonly [x: T, side: T] {
  if (encoder === 'skip') {
    const smaller = conv2d(ops, name('aux_down'), side, { out: channelsOf(ops, side), kernel: 0, down: true, filter })
    return [ops.add(x, conv2d(ops, name('aux_skip'), smaller, { out: channelsOf(ops, x), kernel: 1 })), smaller]
  }
  if (encoder === 'standard') return [x, side]
  const out = channelsOf(ops, x)
  const smaller = conv2d(ops, name('aux_residual'), side, { out, kernel: 3, down: true, filter, fused: true })
  const sum = scale(ops, ops.add(x, smaller), Math.SQRT1_2)
  return [sum, sum]
}

function decode<T>(parts: Parts<T>, bottleneck: T, skips: readonly T[]): T {
  const { ops, levels, block, numBlocks, decoder } = parts
  const waiting = [...skips]
  let x = bottleneck
  let image: T | undefined
  for (const [level, { channels, prefix, attention }] of [...levels.entries()].reverse()) {
    const name = (part: string) => `model.dec.${prefix}_${part}`
    const out = channelsOf(ops, x)
    if (level === levels.length - 1) {
      x = block(name('in0'), x, { out, attention: true })
      x = block(name('in1'), x, { out })
    } else x = block(name('up'), x, { out, up: true })
    for (let i = 0; i <= numBlocks; i++) {
      const skip = waiting.pop()
      if (skip !== undefined) x = ops.concat([x, skip], 1)
      x = block(name(`block${i}`), x, { out: channels, attention: attention && i === numBlocks })
    }
    if (decoder === 'skip' || level === 0) image = withImage(parts, name, x, image)
  }
  if (image === undefined) throw new RangeError('a network without levels')
  return image
}

/** Adds the part of the answer that a level of the decoder makes to the parts of the smaller levels. */
function withImage<T>(
  { ops, style, outChannels, filter }: Parts<T>,
  name: (part: string) => string,
  x: T,
  smaller: T | undefined
): T {
  const larger =
    smaller === undefined
      ? undefined
      : conv2d(ops, name('aux_up'), smaller, { out: outChannels, kernel: 0, up: true, filter })
  const normal = ops.silu(groupNorm(ops, name('aux_norm'), x, style.groups(channelsOf(ops, x)), style.epsilon))
  const part = conv2d(ops, name('aux_conv'), normal, { out: outChannels, kernel: 3 })
  return larger === undefined ? part : ops.add(part, larger)
}

function embed<T>(ops: Ops<T>, config: SongUNetConfig, { noise, labels }: NetworkInput<T>): T {
  const { modelChannels, channelMultNoise, channelMultEmb, augmentDim, labelDim } = config
  const channels = modelChannels * channelMultNoise
  const waves =
    config.embedding === 'positional'
      ? positionalEmbedding(ops, noise, channels, { shift: 1 })
      : fourierEmbedding(ops, noise, ops.parameter('model.map_noise.freqs', [channels / 2]))
  const [cosines, sines] = ops.split(waves, 2, 1)
  let embedding = ops.concat([sines, cosines], 1)
  if (labels !== undefined) {
    const scaled = scale(ops, labels, Math.sqrt(labelDim))
    embedding = ops.add(embedding, linear(ops, 'model.map_label', scaled, channels))
  }
  // Augmentation labels are zero when sampling, and their layer has no bias.
  if (augmentDim > 0) ops.parameter('model.map_augment.weight', [channels, augmentDim])
  embedding = ops.silu(linear(ops, 'model.map_layer0', embedding, modelChannels * channelMultEmb))
  return ops.silu(linear(ops, 'model.map_layer1', embedding, modelChannels * channelMultEmb))
}
