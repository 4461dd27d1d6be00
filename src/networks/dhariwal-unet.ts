import type { Ops } from '../engines/ops.js'
import { edmArguments, edmBlock, edmLevels, type EdmUNetConfig } from './edm-unet.js'
import { positionalEmbedding } from './embedding.js'
import { channelsOf, conv2d, groupNorm, linear } from './layers.js'
import { pixelsOfLast, type NetworkFamily, type NetworkInput, type NetworkOutput } from './network.js'
import { EDM_ATTENTION, EDM_BLOCK, type BlockStyle } from './unet-block.js'

/** The default values of EDM's class. */
const DEFAULTS = { channelMult: [1, 2, 3, 4], modelChannels: 192, numBlocks: 3, attentionResolutions: [32, 16, 8] }

/** ADM (Dhariwal & Nichol 2021, arXiv 2105.05233) as EDM has it. */
export const DHARIWAL_UNET: NetworkFamily = {
  name: 'DhariwalUNet',
  describe(read, learnedVariance) {
    const { config, ...face } = edmArguments(read, learnedVariance, DEFAULTS)
    return {
      ...face,
      architecture: 'DhariwalUNet',
      bottleneckPixels: pixelsOfLast(face.size, config.channelMult.length),
      apply: (ops, input) => dhariwalUNet(ops, config, input)
    }
  }
}

const STYLE: BlockStyle = {
  ...EDM_BLOCK,
  epsilon: 1e-5,
  skipScale: 1,
  filter: [1, 1],
  projectSkip: false,
  adaptiveScale: true,
  attention: { ...EDM_ATTENTION, heads: channels => Math.floor(channels / 64) }
}

/** Builds ADM. Names are those of EDM's state dict. */
function dhariwalUNet<T>(ops: Ops<T>, config: EdmUNetConfig, input: NetworkInput<T>): NetworkOutput<T> {
  const { numBlocks, outChannels } = config
  const block = edmBlock(ops, STYLE, embed(ops, config, input))
  const levels = edmLevels(config)
  const skips: T[] = []
  let x = input.x
  for (const [level, { channels, prefix, attention }] of levels.entries()) {
    const name = (part: string) => `model.enc.${prefix}_${part}`
    if (level === 0) x = conv2d(ops, name('conv'), x, { out: channels, kernel: 3 })
    else x = block(name('down'), x, { out: channelsOf(ops, x), down: true })
    skips.push(x)
    for (let i = 0; i < numBlocks; i++) {
      x = block(name(`block${i}`), x, { out: channels, attention })
      skips.push(x)
    }
  }

  const bottleneck = x
  for (const [level, { channels, prefix, attention }] of [...levels.entries()].reverse()) {
    const name = (part: string) => `model.dec.${prefix}_${part}`
    const out = channelsOf(ops, x)
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
  const normal = ops.silu(groupNorm(ops, 'model.out_norm', x, STYLE.groups(channelsOf(ops, x)), STYLE.epsilon))
  return { image: conv2d(ops, 'model.out_conv', normal, { out: outChannels, kernel: 3 }), bottleneck }
}

function embed<T>(ops: Ops<T>, config: EdmUNetConfig, { noise, labels }: NetworkInput<T>): T {
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
