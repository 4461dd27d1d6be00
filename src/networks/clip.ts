import type { NetworkCheckpoint } from '../checkpoints/tensor.js'
import type { Ops } from '../engines/ops.js'
import type { Recipe } from '../engines/recipe.js'
import { EpdError } from '../errors.js'
import { layerNorm, linear } from './layers.js'
import { multiHead } from './attention.js'
import { numberedBlocks } from './tensor-names.js'

/** A transformer of CLIP (Radford et al. 2021, arXiv 2103.00020). */
export interface ClipTowerConfig {
  readonly width: number
  readonly layers: number
  readonly heads: number
  /** The width within the feed-forward layers. */
  readonly inner: number
  readonly activation: 'quick_gelu' | 'gelu'
  /** The number that normalisations add to a variance; default: 1e-5. */
  readonly eps?: number
}

export interface ClipTextConfig extends ClipTowerConfig {
  readonly vocabulary: number
  /** The number of tokens of a prompt, its context. */
  readonly tokens: number
}

export interface ClipImageConfig extends ClipTowerConfig {
  /** The side of its images, in pixels. */
  readonly side: number
  /** The side of an image's patches, in pixels. */
  readonly patch: number
}

export const TEXT_INPUTS = { tokens: 'tokens', last: 'last' } as const
export const IMAGE = 'image'

/** The channels of a head in all text encoders that CompVis's checkpoints hold. */
const HEAD_CHANNELS = 64

/**
 * The text encoder of tensors by transformers' names.
 * @throws EpdError `model-invalid` for tensors of another network
 */
export function recogniseClipText(tensors: NetworkCheckpoint['tensors']): ClipTextConfig {
  const sizes = (name: string) => {
    const shape = tensors.get(`text_model.${name}`)?.shape
    if (!shape)
      throw new EpdError(
        'model-invalid',
        `the checkpoint's text encoder has no ${name}; only CLIP's by transformers' names are known`
      )
    return shape
  }
  const [vocabulary, width] = sizes('embeddings.token_embedding.weight')
  return {
    vocabulary,
    width,
    heads: Math.ceil(width / HEAD_CHANNELS),
    activation: 'quick_gelu',
    layers: numberedBlocks(tensors, 'text_model.encoder.layers').length,
    inner: sizes('encoder.layers.0.mlp.fc1.weight')[0],
    tokens: sizes('embeddings.position_embedding.weight')[0]
  }
}

const isBuffer = (tensor: string) => tensor.endsWith('.position_ids')

/**
 * The last hidden states of prompts, behind the final normalisation: [batch, tokens] becomes [batch, tokens, width].
 */
export function clipTextRecipe(config: ClipTextConfig): Recipe {
  return {
    name: 'CLIP text encoder',
    build: ({ ops, input }) => [text(ops, config, input(TEXT_INPUTS.tokens, [-1, config.tokens]))],
    ignores: isBuffer
  }
}

/**
 * The embeddings of prompts in the space that images are projected to, too, [batch, projection]. The input `last` holds
 * the one-hot places of the prompts' ends, [batch, 1, tokens].
 */
export function clipTextProjectionRecipe(config: ClipTextConfig, projection: number): Recipe {
  const { tokens, width } = config
  return {
    name: 'CLIP text tower',
    build({ ops, input }) {
      const hidden = text(ops, config, input(TEXT_INPUTS.tokens, [-1, tokens]))
      const last = ops.matmul(input(TEXT_INPUTS.last, [-1, 1, tokens]), hidden)
      return [linear(ops, 'text_projection', ops.reshape(last, [0, width]), projection, false)]
    },
    ignores: tensor => isBuffer(tensor) || /^(vision_model|visual_projection|logit_scale)/.test(tensor)
  }
}

/** The embeddings of normalised images [batch, 3, side, side] in the space of prompts, [batch, projection]. */
export function clipImageRecipe(config: ClipImageConfig, projection: number): Recipe {
  const { side, width } = config
  return {
    name: 'CLIP image tower',
    build({ ops, input }) {
      const hidden = image(ops, config, input(IMAGE, [-1, 3, side, side]))
      return [linear(ops, 'visual_projection', ops.reshape(hidden, [0, width]), projection, false)]
    },
    ignores: tensor => isBuffer(tensor) || /^(text_model|text_projection|logit_scale)/.test(tensor)
  }
}

function text<T>(ops: Ops<T>, config: ClipTextConfig, tokens: T): T {
  const { width, vocabulary, tokens: count } = config
  const words = ops.gather(ops.parameter('text_model.embeddings.token_embedding.weight', [vocabulary, width]), tokens)
  const places = ops.parameter('text_model.embeddings.position_embedding.weight', [count, width])
  const hidden = tower(ops, 'text_model.encoder', config, ops.add(words, places), causal(ops, count))
  return layerNorm(ops, 'text_model.final_layer_norm', hidden, config.eps)
}

/** Answers the token of the whole image, [batch, 1, width]. */
function image<T>(ops: Ops<T>, config: ClipImageConfig, x: T): T {
  const { width, side, patch } = config
  const count = (side / patch) ** 2
  const kernel = ops.parameter('vision_model.embeddings.patch_embedding.weight', [width, 3, patch, patch])
  const patches = ops.conv2d(x, kernel, undefined, { stride: patch })
  const rows = ops.transpose(ops.reshape(patches, [0, width, count]), [0, 2, 1])
  const whole = ops.reshape(ops.parameter('vision_model.embeddings.class_embedding', [width]), [1, width])
  const nothing = ops.constant(new Float32Array(count * width), [count, width])
  const places = ops.parameter('vision_model.embeddings.position_embedding.weight', [count + 1, width])
  const tokens = ops.add(ops.matmul(behindFirst(ops, count), rows), ops.add(ops.concat([whole, nothing], 0), places))
  const hidden = tower(
    ops,
    'vision_model.encoder',
    config,
    layerNorm(ops, 'vision_model.pre_layrnorm', tokens, config.eps)
  )
  const first = ops.constant(
    Float32Array.from({ length: count + 1 }, (_, i) => (i === 0 ? 1 : 0)),
    [1, count + 1]
  )
  return layerNorm(ops, 'vision_model.post_layernorm', ops.matmul(first, hidden), config.eps)
}

/** A matrix [count + 1, count] that moves rows one down and leaves zeros in the first. */
function behindFirst<T>(ops: Ops<T>, count: number): T {
  const matrix = new Float32Array((count + 1) * count)
  for (let i = 0; i < count; i++) matrix[(i + 1) * count + i] = 1
  return ops.constant(matrix, [count + 1, count])
}

/** A mask by which no token sees those behind it. */
function causal<T>(ops: Ops<T>, count: number): T {
  const mask = Float32Array.from({ length: count ** 2 }, (_, i) => (i % count > Math.floor(i / count) ? -1e9 : 0))
  return ops.constant(mask, [count, count])
}

function tower<T>(ops: Ops<T>, name: string, config: ClipTowerConfig, x: T, mask?: T): T {
  const { layers, heads, width, inner, eps } = config
  for (let i = 0; i < layers; i++) {
    const layer = `${name}.layers.${i}`
    const own = layerNorm(ops, `${layer}.layer_norm1`, x, eps)
    const part = (which: string) => linear(ops, `${layer}.self_attn.${which}`, own, width)
    const mixed = multiHead(ops, part('q_proj'), part('k_proj'), part('v_proj'), heads, mask)
    x = ops.add(x, linear(ops, `${layer}.self_attn.out_proj`, mixed, width))
    const hidden = linear(ops, `${layer}.mlp.fc1`, layerNorm(ops, `${layer}.layer_norm2`, x, eps), inner)
    x = ops.add(x, linear(ops, `${layer}.mlp.fc2`, activated(ops, config, hidden), width))
  }
  return x
}

function activated<T>(ops: Ops<T>, { activation }: ClipTowerConfig, x: T): T {
  if (activation === 'gelu') return ops.gelu(x)
  return ops.multiply(x, ops.sigmoid(ops.multiply(x, ops.constant(Float32Array.of(1.702), []))))
}
