import type { NetworkCheckpoint } from '../checkpoints/tensor.js'
import { adjoint } from '../engines/adjoint/adjoint.js'
import type { Ops } from '../engines/ops.js'
import type { Graph, Recipe } from '../engines/recipe.js'
import { HEAD_CHANNELS, styleOf, timeEmbedding, type GuidedUNetConfig } from './guided-unet.js'
import { conv2d, groupNorm, pixelwise, scale } from './layers.js'
import { INPUTS, type NetworkInput } from './network.js'
import { numberedBlocks, shapesOf } from './tensor-names.js'
import { attentionBlock, residualBlock, splitHeads, type BlockOptions } from './unet-block.js'

export interface GuidedClassifierConfig extends Omit<GuidedUNetConfig, 'outChannels' | 'labelDim'> {
  readonly resolution: number
  readonly inChannels: number
  readonly classes: number
}

/**
 * The classifier of noisy images of Dhariwal & Nichol 2021 (arXiv 2105.05233), as guided-diffusion publishes it: the
 * U-Net's encoder with attention as its last pooling. It answers logits, [batch, classes]. Names are those of its state
 * dict.
 */
export function guidedClassifier<T>(
  ops: Ops<T>,
  config: GuidedClassifierConfig,
  { x: image, noise }: Omit<NetworkInput<T>, 'labels'>
): T {
  const { modelChannels, channelMult, numBlocks, attentionDownsampling } = config
  const style = styleOf(config)
  const embedding = ops.silu(timeEmbedding(ops, modelChannels, noise))
  const residual = (name: string, x: T, options: BlockOptions) => residualBlock(ops, style, name, x, embedding, options)
  const channelsOf = (x: T) => ops.shape(x)[1]

  let x = conv2d(ops, 'input_blocks.0.0', image, { out: Math.floor(channelMult[0] * modelChannels), kernel: 3 })
  let count = 1
  for (const [level, mult] of channelMult.entries()) {
    if (level > 0) x = residual(`input_blocks.${count++}.0`, x, { out: channelsOf(x), down: true })
    for (let i = 0; i < numBlocks; i++) {
      const name = `input_blocks.${count++}`
      x = residual(`${name}.0`, x, { out: Math.floor(mult * modelChannels) })
      if (attentionDownsampling.includes(2 ** level)) x = attentionBlock(ops, style, `${name}.1`, x)
    }
  }
  x = residual('middle_block.0', x, { out: channelsOf(x) })
  x = attentionBlock(ops, style, 'middle_block.1', x)
  x = residual('middle_block.2', x, { out: channelsOf(x) })
  const normal = ops.silu(groupNorm(ops, 'out.0', x, style.groups(channelsOf(x)), style.epsilon))
  return attentionPool(ops, config, normal)
}

/**
 * Attention from the mean pixel to all pixels and the mean (Radford et al. 2021, arXiv 2103.00020). It answers
 * [batch, classes].
 */
function attentionPool<T>(ops: Ops<T>, { heads: headsOf, classes }: GuidedClassifierConfig, x: T): T {
  const [, channels, height, width] = ops.shape(x)
  const pixels = height * width
  const tokens = pixels + 1
  const withMean = Float32Array.from({ length: pixels * tokens }, (_, i) => {
    const [pixel, token] = [Math.floor(i / tokens), i % tokens]
    return token === 0 ? 1 / pixels : Number(token === pixel + 1)
  })
  const all = ops.matmul(ops.reshape(x, [0, channels, pixels]), ops.constant(withMean, [pixels, tokens]))
  const placed = ops.add(
    all,
    ops.reshape(ops.parameter('out.2.positional_embedding', [channels, tokens]), [1, channels, tokens])
  )
  const qkv = pixelwise(ops, 'out.2.qkv_proj', ops.reshape(placed, [0, channels, tokens, 1]), 3 * channels, [1])
  const heads = headsOf(channels)
  const [q, k, v] = splitHeads(ops, 'qkv-head-channel', qkv, heads)
  const first = Float32Array.from({ length: tokens }, (_, token) => Number(token === 0))
  const query = ops.matmul(scale(ops, q, 1 / Math.sqrt(channels / heads)), ops.constant(first, [tokens, 1]))
  const scores = ops.softmax(ops.matmul(ops.transpose(query, [0, 1, 3, 2]), k), -1)
  const mixed = ops.matmul(v, ops.transpose(scores, [0, 1, 3, 2]))
  const answer = pixelwise(ops, 'out.2.c_proj', ops.reshape(mixed, [0, channels, 1, 1]), classes, [1])
  return ops.reshape(answer, [0, classes])
}

/**
 * The gradient of log p(class | x) by x, [batch, channels, height, width], and the logits, [batch, classes]. The inputs
 * x, noise and labels are those of a denoising network. With labels y as rows, the sum of y log softmax(logits) has the
 * derivative y - softmax(logits) by the logits.
 */
export function classifierRecipe(config: GuidedClassifierConfig): Recipe {
  const { resolution, inChannels, classes } = config
  return {
    name: 'classifier',
    build<T>(graph: Graph<T>) {
      const { ops, variable, fixed, gradient } = adjoint(graph.ops)
      const x = variable(graph.input(INPUTS.x, [-1, inChannels, resolution, resolution]))
      const noise = fixed(graph.input(INPUTS.noise, [-1, 1]))
      const labels = graph.input(INPUTS.labels, [-1, classes])
      const logits = guidedClassifier(ops, config, { x, noise })
      const error = graph.ops.subtract(labels, graph.ops.softmax(logits.value, -1))
      return [gradient(logits, error, x), logits.value]
    }
  }
}

/** A classifier as plain data. */
export type RecognisedClassifier = Pick<
  GuidedClassifierConfig,
  'resolution' | 'inChannels' | 'classes' | 'modelChannels' | 'numBlocks' | 'channelMult' | 'attentionDownsampling'
>

/** The classifier that tensors are of; undefined where they are of none for images of this shape. */
export function recogniseClassifier(
  tensors: NetworkCheckpoint['tensors'],
  [inChannels, resolution]: readonly [channels: number, height: number, width: number]
): RecognisedClassifier | undefined {
  const sizes = shapesOf(tensors)
  const [, tokens] = sizes('out.2.positional_embedding')
  const [classes] = sizes('out.2.c_proj.weight')
  const levels = 1 + Math.log2(resolution / Math.sqrt(tokens - 1))
  const numBlocks = numberedBlocks(tensors, 'input_blocks').length / levels - 1
  if (!Number.isInteger(levels) || !Number.isInteger(numBlocks)) return undefined
  const modelChannels = sizes('time_embed.0.weight')[1]
  const firsts = Array.from({ length: levels }, (_, level) => `input_blocks.${1 + level * (numBlocks + 1)}`)
  return {
    resolution,
    inChannels,
    classes,
    modelChannels,
    numBlocks,
    channelMult: firsts.map(name => sizes(`${name}.0.in_layers.2.weight`)[0] / modelChannels),
    attentionDownsampling: firsts.flatMap((name, level) => (tensors.has(`${name}.1.qkv.weight`) ? [2 ** level] : []))
  }
}

/** Adds the arguments that all classifiers of guided-diffusion have in common. */
export function classifierConfig(recognised: RecognisedClassifier): GuidedClassifierConfig {
  return {
    ...recognised,
    heads: channels => channels / HEAD_CHANNELS,
    attentionOrder: 'head-qkv-channel',
    attentionKernel: [1],
    adaptiveScale: true,
    resampleInBlocks: true
  }
}
