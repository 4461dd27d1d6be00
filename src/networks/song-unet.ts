import type { Ops } from '../engines/ops.js'
import { fourierEmbedding, positionalEmbedding } from './embedding.js'
import { conv2d, groupNorm, linear, scale } from './layers.js'
import type { NetworkInput, NetworkOutput } from './network.js'
import {
  attentionBlock,
  EDM_ATTENTION,
  EDM_BLOCK,
  residualBlock,
  type BlockOptions,
  type BlockStyle
} from './unet-block.js'

export interface SongUNetConfig {
  readonly resolution: number
  readonly outChannels: number
  readonly labelDim: number
  readonly augmentDim: number
  readonly modelChannels: number
  readonly channelMult: readonly number[]
  readonly channelMultEmb: number
  readonly channelMultNoise: number
  readonly numBlocks: number
  readonly attentionResolutions: readonly number[]
  readonly embedding: 'positional' | 'fourier'
  readonly encoder: 'standard' | 'skip' | 'residual'
  readonly decoder: 'standard' | 'skip'
  readonly filter: readonly number[]
}

/** DDPM++ and NCSN++ (Song et al. 2021, arXiv 2011.13456) as EDM has them. Names are those of EDM's state dict. */
export function songUNet<T>(ops: Ops<T>, config: SongUNetConfig, input: NetworkInput<T>): NetworkOutput<T> {
  const { resolution, modelChannels, channelMult, numBlocks, attentionResolutions, filter, encoder, decoder } = config
  const { outChannels } = config
  const style: BlockStyle = {
    ...EDM_BLOCK,
    epsilon: 1e-6,
    skipScale: Math.SQRT1_2,
    filter,
    projectSkip: true,
    adaptiveScale: false,
    attention: { ...EDM_ATTENTION, heads: () => 1 }
  }
  const embedding = embed(ops, config, input)
  const levels = channelMult.map((mult, level) => {
    const size = resolution >> level
    return { channels: modelChannels * mult, prefix: `${size}x${size}`, attention: attentionResolutions.includes(size) }
  })
  const block = (name: string, x: T, { attention = false, ...options }: BlockOptions & { attention?: boolean }) => {
    const h = residualBlock(ops, style, name, x, embedding, options)
    return attention ? attentionBlock(ops, style, name, h) : h
  }
  const channelsOf = (x: T) => ops.shape(x)[1]

  const skips: T[] = []
  let x = input.x
  let side = input.x
  for (const [level, { channels, prefix, attention }] of levels.entries()) {
    const name = (part: string) => `model.enc.${prefix}_${part}`
    if (level === 0) {
      x = conv2d(ops, name('conv'), x, { out: modelChannels, kernel: 3 })
      skips.push(x)
    } else {
      x = block(name('down'), x, { out: channelsOf(x), down: true })
      skips.push(x)
      if (encoder === 'skip') {
        side = conv2d(ops, name('aux_down'), side, { out: channelsOf(side), kernel: 0, down: true, filter })
        x = ops.add(x, conv2d(ops, name('aux_skip'), side, { out: channelsOf(x), kernel: 1 }))
        skips[skips.length - 1] = x
      }
      if (encoder === 'residual') {
        const out = channelsOf(x)
        side = conv2d(ops, name('aux_residual'), side, { out, kernel: 3, down: true, filter, fused: true })
        x = side = scale(ops, ops.add(x, side), Math.SQRT1_2)
        skips[skips.length - 1] = x
      }
    }
    for (let i = 0; i < numBlocks; i++) {
      x = block(name(`block${i}`), x, { out: channels, attention })
      skips.push(x)
    }
  }

  const bottleneck = x
  let image: T | undefined
  for (const [level, { channels, prefix, attention }] of [...levels.entries()].reverse()) {
    const name = (part: string) => `model.dec.${prefix}_${part}`
    const out = channelsOf(x)
    if (level === levels.length - 1) {
      x = block(name('in0'), x, { out, attention: true })
      x = block(name('in1'), x, { out })
    } else x = block(name('up'), x, { out, up: true })
    for (let i = 0; i <= numBlocks; i++) {
      const skip = skips.pop()
      if (skip !== undefined) x = ops.concat([x, skip], 1)
      x = block(name(`block${i}`), x, { out: channels, attention: attention && i === numBlocks })
    }
    if (decoder === 'standard' && level > 0) continue
    if (image !== undefined)
      image = conv2d(ops, name('aux_up'), image, { out: outChannels, kernel: 0, up: true, filter })
    const normal = ops.silu(groupNorm(ops, name('aux_norm'), x, style.groups(channelsOf(x)), style.epsilon))
    const part = conv2d(ops, name('aux_conv'), normal, { out: outChannels, kernel: 3 })
    image = image === undefined ? part : ops.add(part, image)
  }
  if (image === undefined) throw new RangeError('a network without levels')
  return { image, bottleneck }
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
