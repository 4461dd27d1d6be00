import type { Ops } from '../engines/ops.js'
import { positionalEmbedding } from './embedding.js'
import { conv2d, groupNorm, linear } from './layers.js'
import type { NetworkInput, NetworkOutput } from './network.js'
import {
  attentionBlock,
  EDM_ATTENTION,
  EDM_BLOCK,
  residualBlock,
  type BlockOptions,
  type BlockStyle
} from './unet-block.js'

export interface DhariwalUNetConfig {
  readonly resolution: number
  readonly outChannels: number
  readonly labelDim: number
  readonly augmentDim: number
  readonly modelChannels: number
  readonly channelMult: readonly number[]
  readonly channelMultEmb: number
  readonly numBlocks: number
  readonly attentionResolutions: readonly number[]
}

/** ADM (Dhariwal & Nichol 2021, arXiv 2105.05233) as EDM has it. Names are those of EDM's state dict. */
export function dhariwalUNet<T>(ops: Ops<T>, config: DhariwalUNetConfig, input: NetworkInput<T>): NetworkOutput<T> {
  const { resolution, modelChannels, channelMult, numBlocks, attentionResolutions, outChannels } = config
  const style: BlockStyle = {
    ...EDM_BLOCK,
    epsilon: 1e-5,
    skipScale: 1,
    filter: [1, 1],
    projectSkip: false,
    adaptiveScale: true,
    attention: { ...EDM_ATTENTION, heads: channels => Math.floor(channels / 64) }
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
  for (const [level, { channels, prefix, attention }] of levels.entries()) {
    const name = (part: string) => `model.enc.${prefix}_${part}`
    if (level === 0) x = conv2d(ops, name('conv'), x, { out: channels, kernel: 3 })
    else x = block(name('down'), x, { out: channelsOf(x), down: true })
    skips.push(x)
    for (let i = 0; i < numBlocks; i++) {
      x = block(name(`block${i}`), x, { out: channels, attention })
      skips.push(x)
    }
  }

  const bottleneck = x
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
      x = block(name(`block${i}`), x, { out: channels, attention })
    }
  }
  const normal = ops.silu(groupNorm(ops, 'model.out_norm', x, style.groups(channelsOf(x)), style.epsilon))
  return { image: conv2d(ops, 'model.out_conv', normal, { out: outChannels, kernel: 3 }), bottleneck }
}

function embed<T>(ops: Ops<T>, config: DhariwalUNetConfig, { noise, labels }: NetworkInput<T>): T {
  const { modelChannels, channelMultEmb, augmentDim } = config
  const channels = modelChannels * channelMultEmb
  const waves = positionalEmbedding(ops, noise, modelChannels)
  // Augmentation labels are zero when sampling, and their layer has no bias.
  if (augmentDim > 0) ops.parameter('model.map_augment.weight', [modelChannels, augmentDim])
  const hidden = ops.silu(linear(ops, 'model.map_layer0', waves, channels))
  const embedding = linear(ops, 'model.map_layer1', hidden, channels)
  if (labels === undefined) return ops.silu(embedding)
  return ops.silu(ops.add(embedding, linear(ops, 'model.map_label', labels, channels, false)))
}
