import type { NetworkCheckpoint } from '../checkpoints/tensor.js'
import type { Ops } from '../engines/ops.js'
import type { Recipe } from '../engines/recipe.js'
import { EpdError } from '../errors.js'
import { ATTENTION_NAMES, RESIDUAL_NAMES } from './diffusers-unet.js'
import { conv2d, groupNorm, pixelwise, type Activation } from './layers.js'
import { numberedBlocks } from './tensor-names.js'
import { attentionBlock, residualBlock, type BlockStyle } from './unet-block.js'

/** The decoder of a latent diffusion model's first stage, with the size of its latents. */
export interface DecoderConfig {
  /** The project whose names its tensors have; default: CompVis's. */
  readonly naming?: keyof typeof NAMES
  /** The channels of each level, from the largest image to the smallest. */
  readonly channels: readonly number[]
  /** The residual blocks of the encoder's levels. The decoder's have one more. */
  readonly numBlocks: number
  /** Whether each level has attention behind its blocks, from the largest image to the smallest. */
  readonly attention: readonly boolean[]
  /** Whether there is attention where the image is smallest; default: yes. */
  readonly middleAttention?: boolean
  /** Default: silu. */
  readonly activation?: Activation
  readonly outChannels: number
  readonly latentChannels: number
  /** The channels that the decoder itself begins with. */
  readonly zChannels: number
  /** Whether latents go through a layer of single pixels first; default: yes. */
  readonly projected?: boolean
  readonly groups: number
  /** A number that is added to the latents first; default: 0. */
  readonly shift?: number
  /** The number of codes that latents are rounded to before they are decoded (VQ); without it they are not (KL). */
  readonly codes?: number
  /** The height and width of the latents. */
  readonly size: readonly [height: number, width: number]
}

export const LATENTS = 'latents'

/**
 * The decoder of a first stage by CompVis's names, for latents of a size.
 * @throws EpdError `model-invalid` for tensors of another network
 */
export function recogniseDecoder(tensors: NetworkCheckpoint['tensors'], size: DecoderConfig['size']): DecoderConfig {
  const sizes = (name: string) => {
    const shape = tensors.get(name)?.shape
    if (!shape)
      throw new EpdError('model-invalid', `the checkpoint's first stage has no ${name}; no decoder can be made of it`)
    return shape
  }
  const levels = numberedBlocks(tensors, 'decoder.up')
  const widths = levels.map((_, level) => sizes(`decoder.up.${level}.block.0.conv1.weight`)[0])
  const [zChannels, latentChannels] = sizes('post_quant_conv.weight')
  return {
    channels: widths,
    numBlocks: numberedBlocks(tensors, 'decoder.up.0.block').length - 1,
    attention: levels.map(names => names.some(name => name.startsWith('attn.'))),
    outChannels: sizes('decoder.conv_out.weight')[0],
    latentChannels,
    zChannels,
    groups: 32,
    size,
    codes: tensors.get('quantize.embedding.weight')?.shape[0]
  }
}

/** Makes images, -1 to 1, of latents [batch, latentChannels, ...size] as the encoder answers them. */
export function decoderRecipe(config: DecoderConfig): Recipe {
  const { codes, latentChannels, size, shift = 0 } = config
  return {
    name: codes === undefined ? 'KL decoder' : 'VQ decoder',
    build({ ops, input }) {
      const given = input(LATENTS, [-1, latentChannels, ...size])
      const latents = shift === 0 ? given : ops.add(given, ops.constant(Float32Array.of(shift), []))
      return [decoder(ops, config, codes === undefined ? latents : nearestCodes(ops, latents, codes))]
    }
  }
}

interface Names {
  readonly middle: (part: 0 | 1) => string
  readonly middleAttention: string
  /** Levels are counted from the largest image; `last` is the number of the smallest. */
  readonly block: (level: number, last: number, i: number) => string
  readonly attention: (level: number, last: number, i: number) => string
  readonly upsample: (level: number, last: number) => string
  readonly norm: string
  readonly residual: BlockStyle['names']
  readonly attentionStyle: Pick<BlockStyle['attention'], 'names' | 'kernel'>
}

const NAMES = {
  compvis: {
    middle: part => `mid.block_${part + 1}`,
    middleAttention: 'mid.attn_1',
    block: (level, _, i) => `up.${level}.block.${i}`,
    attention: (level, _, i) => `up.${level}.attn.${i}`,
    upsample: level => `up.${level}.upsample.conv`,
    norm: 'norm_out',
    residual: { norm0: 'norm1', conv0: 'conv1', affine: '', norm1: 'norm2', conv1: 'conv2', skip: 'nin_shortcut' },
    attentionStyle: { names: { norm: 'norm', qkv: '', proj: 'proj_out' }, kernel: [1, 1] }
  },
  diffusers: {
    middle: part => `mid_block.resnets.${part}`,
    middleAttention: 'mid_block.attentions.0',
    block: (level, last, i) => `up_blocks.${last - level}.resnets.${i}`,
    attention: (level, last, i) => `up_blocks.${last - level}.attentions.${i}`,
    upsample: (level, last) => `up_blocks.${last - level}.upsamplers.0.conv`,
    norm: 'conv_norm_out',
    residual: RESIDUAL_NAMES,
    attentionStyle: { names: ATTENTION_NAMES, kernel: [] }
  }
} as const satisfies Record<string, Names>

const EPSILON = 1e-6

/** The decoder of VQGAN (Esser et al. 2021, arXiv 2012.09841) as latent diffusion has it. */
function decoder<T>(ops: Ops<T>, config: DecoderConfig, latents: T): T {
  const { channels, numBlocks, attention, outChannels, zChannels, groups, activation } = config
  const { naming = 'compvis', middleAttention = true, projected = true } = config
  const names: Names = NAMES[naming]
  const style: BlockStyle = {
    ...{ epsilon: EPSILON, skipScale: 1, filter: [1, 1], projectSkip: false, adaptiveScale: false, activation },
    groups: () => groups,
    names: names.residual,
    attention: { heads: () => 1, order: 'separate', ...names.attentionStyle }
  }
  const residual = (name: string, x: T, out: number) =>
    residualBlock(ops, style, `decoder.${name}`, x, undefined, { out })
  const attend = (name: string, x: T) => attentionBlock(ops, style, `decoder.${name}`, x)
  const last = channels.length - 1
  const widest = channels[last]
  let x = projected ? pixelwise(ops, 'post_quant_conv', latents, zChannels, [1, 1]) : latents
  x = conv2d(ops, 'decoder.conv_in', x, { out: widest, kernel: 3 })
  x = residual(names.middle(0), x, widest)
  if (middleAttention) x = attend(names.middleAttention, x)
  x = residual(names.middle(1), x, widest)
  for (const [level, out] of [...channels.entries()].reverse()) {
    for (let i = 0; i <= numBlocks; i++) {
      x = residual(names.block(level, last, i), x, out)
      if (attention[level]) x = attend(names.attention(level, last, i), x)
    }
    if (level > 0) x = conv2d(ops, `decoder.${names.upsample(level, last)}`, x, { out, kernel: 3, up: true })
  }
  const normal = ops.silu(groupNorm(ops, `decoder.${names.norm}`, x, groups, EPSILON))
  return conv2d(ops, 'decoder.conv_out', normal, { out: outChannels, kernel: 3 })
}

/** Replaces each pixel by its nearest code (van den Oord et al. 2017, arXiv 1711.00937, Eq. 1), the first of equals. */
function nearestCodes<T>(ops: Ops<T>, latents: T, codes: number): T {
  const [, channels, height, width] = ops.shape(latents)
  const table = ops.parameter('quantize.embedding.weight', [codes, channels])
  const pixels = ops.transpose(ops.reshape(latents, [0, channels, height * width]), [0, 2, 1])
  // The nearness of a code is -|z - e|^2 / 2 without |z|^2, which is equal for all codes.
  const halves = ops.constant(new Float32Array(channels).fill(0.5), [channels, 1])
  const squares = ops.reshape(ops.matmul(ops.multiply(table, table), halves), [1, codes])
  const nearness = ops.subtract(ops.matmul(pixels, ops.transpose(table, [1, 0])), squares)
  const nearest = ops.gather(table, ops.argMax(nearness))
  return ops.reshape(ops.transpose(nearest, [0, 2, 1]), [0, channels, height, width])
}
