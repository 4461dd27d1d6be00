import type { Ops } from '../engines/ops.js'
import type { Recipe } from '../engines/recipe.js'
import { conv2d, groupNorm, pixelwise } from './layers.js'
import { attentionBlock, residualBlock, type BlockStyle } from './unet-block.js'

/** The decoder of a latent diffusion model's first stage, and how big its latents are. */
export interface DecoderConfig {
  readonly channels: number
  readonly channelMult: readonly number[]
  /** Residual blocks of the encoder's levels; the decoder's have one more. */
  readonly numBlocks: number
  /** Whether each level has attention behind its blocks, the smallest image first level last. */
  readonly attention: readonly boolean[]
  readonly outChannels: number
  readonly latentChannels: number
  /** Channels that the decoder itself begins with. */
  readonly zChannels: number
  readonly groups: number
  /** Codes that latents are rounded to before they are decoded (VQ); without them, none are (KL). */
  readonly codes?: number
  /** Height and width of the latents. */
  readonly size: readonly [height: number, width: number]
}

export const LATENTS = 'latents'

/** Images, -1 to 1, of latents [batch, latentChannels, ...size], which are divided by their scale before. */
export function decoderRecipe(config: DecoderConfig): Recipe {
  const { codes, latentChannels, size } = config
  return {
    name: codes === undefined ? 'KL decoder' : 'VQ decoder',
    build({ ops, input }) {
      const latents = input(LATENTS, [-1, latentChannels, ...size])
      return [decoder(ops, config, codes === undefined ? latents : nearestCodes(ops, latents, codes))]
    }
  }
}

const STYLE = {
  ...{ epsilon: 1e-6, skipScale: 1, filter: [1, 1], projectSkip: false, adaptiveScale: false },
  names: { norm0: 'norm1', conv0: 'conv1', affine: '', norm1: 'norm2', conv1: 'conv2', skip: 'nin_shortcut' },
  attention: {
    heads: () => 1,
    names: { norm: 'norm', qkv: '', proj: 'proj_out' },
    order: 'separate',
    kernel: [1, 1]
  }
} as const

/** The decoder of VQGAN (Esser et al. 2021, arXiv 2012.09841) as latent diffusion has it. Names are those of CompVis's code. */
function decoder<T>(ops: Ops<T>, config: DecoderConfig, latents: T): T {
  const { channels, channelMult, numBlocks, attention, outChannels, zChannels, groups } = config
  const style: BlockStyle = { ...STYLE, groups: () => groups }
  const residual = (name: string, x: T, out: number) => residualBlock(ops, style, name, x, undefined, { out })
  let x = pixelwise(ops, 'post_quant_conv', latents, zChannels, [1, 1])
  const widest = channels * channelMult[channelMult.length - 1]
  x = conv2d(ops, 'decoder.conv_in', x, { out: widest, kernel: 3 })
  x = residual('decoder.mid.block_1', x, widest)
  x = attentionBlock(ops, style, 'decoder.mid.attn_1', x)
  x = residual('decoder.mid.block_2', x, widest)
  for (const [level, mult] of [...channelMult.entries()].reverse()) {
    const name = `decoder.up.${level}`
    const out = channels * mult
    for (let i = 0; i <= numBlocks; i++) {
      x = residual(`${name}.block.${i}`, x, out)
      if (attention[level]) x = attentionBlock(ops, style, `${name}.attn.${i}`, x)
    }
    if (level > 0) x = conv2d(ops, `${name}.upsample.conv`, x, { out, kernel: 3, up: true })
  }
  const normal = ops.silu(groupNorm(ops, 'decoder.norm_out', x, groups, STYLE.epsilon))
  return conv2d(ops, 'decoder.conv_out', normal, { out: outChannels, kernel: 3 })
}

/** Each pixel's nearest code (van den Oord et al. 2017, arXiv 1711.00937, Eq. 1), the first of equals. */
function nearestCodes<T>(ops: Ops<T>, latents: T, codes: number): T {
  const [, channels, height, width] = ops.shape(latents)
  const table = ops.parameter('quantize.embedding.weight', [codes, channels])
  const pixels = ops.transpose(ops.reshape(latents, [0, channels, height * width]), [0, 2, 1])
  // -|z - e|^2 / 2 without |z|^2, which is the same for all codes.
  const halves = ops.constant(new Float32Array(channels).fill(0.5), [channels, 1])
  const squares = ops.reshape(ops.matmul(ops.multiply(table, table), halves), [1, codes])
  const nearness = ops.subtract(ops.matmul(pixels, ops.transpose(table, [1, 0])), squares)
  const nearest = ops.gather(table, ops.argMax(nearness))
  return ops.reshape(ops.transpose(nearest, [0, 2, 1]), [0, channels, height, width])
}
