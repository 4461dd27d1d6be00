import type { NetworkCheckpoint } from '../checkpoints/tensor.js'
import { EpdError } from '../errors.js'
import type { DecoderConfig } from './autoencoder.js'
import type { ClipTextConfig } from './clip.js'
import type { GuidedClassifierConfig } from './guided-classifier.js'

type Tensors = NetworkCheckpoint['tensors']

/** What a network's class and arguments are, as far as its tensors tell; undefined where they are of no family that is known. */
export function recognise(tensors: Tensors): Pick<NetworkCheckpoint, 'className' | 'initKwargs'> | undefined {
  return tensors.has('time_embed.0.weight') && tensors.has('input_blocks.0.0.weight') ? guided(tensors) : undefined
}

/** Channels of an attention head in all that guided-diffusion and consistency models publish with them. */
const HEAD_CHANNELS = 64

/** The side of an image by the channels of a U-Net's levels, as both authors choose them. */
const RESOLUTIONS = new Map([
  ['0.5,1,1,2,2,4,4', 512],
  ['1,1,2,2,4,4', 256],
  ['1,1,2,3,4', 128],
  ['1,2,3,4', 64]
])

/** A U-Net of guided-diffusion or of consistency models, told apart by the weights of their attention. */
function guided(tensors: Tensors): Pick<NetworkCheckpoint, 'className' | 'initKwargs'> {
  const sizes = (name: string) => tensors.get(name)?.shape ?? []
  const modelChannels = sizes('time_embed.0.weight')[1]
  const [, inChannels] = sizes('input_blocks.0.0.weight')
  const [outChannels] = sizes('out.2.weight')
  const inputs = blocks(tensors, 'input_blocks')
  const levels = 1 + blocks(tensors, 'output_blocks').filter(parts => parts.some(isUp)).length
  const numBlocks = inputs.length / levels - 1
  const firsts = Array.from({ length: levels }, (_, level) => `input_blocks.${1 + level * (numBlocks + 1)}`)
  const channelMult = firsts.map(name => sizes(`${name}.0.in_layers.2.weight`)[0] / modelChannels)
  const flat = sizes('middle_block.1.qkv.weight').length === 3
  const learnsVariance = outChannels === 2 * inChannels
  const resolution = RESOLUTIONS.get(channelMult.join(','))
  return {
    className: flat ? 'GuidedDiffusion' : 'KarrasDenoiser',
    initKwargs: {
      model_type: 'UNetModel',
      image_size: resolution,
      in_channels: inChannels,
      out_channels: outChannels,
      model_channels: modelChannels,
      channel_mult: channelMult,
      num_res_blocks: numBlocks,
      attention_resolutions: firsts.flatMap((name, level) =>
        ['qkv', 'proj_in'].some(layer => tensors.has(`${name}.1.${layer}.weight`)) ? [2 ** level] : []
      ),
      num_classes: sizes('label_emb.weight').at(0) ?? 0,
      num_head_channels: HEAD_CHANNELS,
      use_scale_shift_norm: sizes('middle_block.0.emb_layers.1.bias')[0] > sizes('middle_block.0.in_layers.2.bias')[0],
      resblock_updown: ![...tensors.keys()].some(name => name.endsWith('.0.op.weight')),
      flat_attention: flat,
      learn_sigma: learnsVariance,
      noise_schedule: resolution === 64 ? 'cosine' : 'linear'
    }
  }
}

/** The arguments of latent diffusion's UNetModel, as far as its tensors tell: all but its heads and the side of its latents. */
export function recogniseLatentUnet(tensors: Tensors): NetworkCheckpoint['initKwargs'] | undefined {
  const recognised = recognise(tensors)
  if (!recognised) return undefined
  const sizes = (name: string) => tensors.get(name)?.shape ?? []
  const transformer = 'middle_block.1.transformer_blocks'
  const [, contextDim] = sizes(`${transformer}.0.attn2.to_k.weight`)
  const depth = blocks(tensors, transformer).length
  const linear = sizes('middle_block.1.proj_in.weight').length === 2
  return {
    ...recognised.initKwargs,
    image_size: undefined,
    num_head_channels: undefined,
    noise_schedule: undefined,
    ...(depth > 0 && { context_dim: contextDim, transformer_depth: depth, use_linear_in_transformer: linear })
  }
}

/** The decoder of a first stage, by CompVis's names, for latents of a size. @throws EpdError `model-invalid` */
export function recogniseDecoder(tensors: Tensors, size: DecoderConfig['size']): DecoderConfig {
  const sizes = (name: string) => {
    const shape = tensors.get(name)?.shape
    if (!shape)
      throw new EpdError('model-invalid', `the checkpoint's first stage has no ${name}; no decoder can be made of it`)
    return shape
  }
  const levels = blocks(tensors, 'decoder.up')
  const widths = levels.map((_, level) => sizes(`decoder.up.${level}.block.0.conv1.weight`)[0])
  const [zChannels, latentChannels] = sizes('post_quant_conv.weight')
  return {
    channels: widths,
    numBlocks: blocks(tensors, 'decoder.up.0.block').length - 1,
    attention: levels.map(names => names.some(name => name.startsWith('attn.'))),
    outChannels: sizes('decoder.conv_out.weight')[0],
    ...{ latentChannels, zChannels, groups: 32, size },
    codes: tensors.get('quantize.embedding.weight')?.shape[0]
  }
}

/** A CLIP text encoder by transformers' names. @throws EpdError `model-invalid` */
export function recogniseClipText(tensors: Tensors): ClipTextConfig {
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
    ...{ vocabulary, width, heads: Math.ceil(width / HEAD_CHANNELS), activation: 'quick_gelu' },
    layers: blocks(tensors, 'text_model.encoder.layers').length,
    inner: sizes('encoder.layers.0.mlp.fc1.weight')[0],
    tokens: sizes('embeddings.position_embedding.weight')[0]
  }
}

/** What the tensors of a classifier of noisy images tell; undefined where they are of no such classifier for images of this size. */
export function recogniseClassifier(
  tensors: Tensors,
  [inChannels, resolution]: readonly [channels: number, height: number, width: number]
): RecognisedClassifier | undefined {
  const sizes = (name: string) => tensors.get(name)?.shape ?? []
  const [, tokens] = sizes('out.2.positional_embedding')
  const [classes] = sizes('out.2.c_proj.weight')
  const levels = 1 + Math.log2(resolution / Math.sqrt(tokens - 1))
  const inputs = blocks(tensors, 'input_blocks')
  const numBlocks = inputs.length / levels - 1
  if (!Number.isInteger(levels) || !Number.isInteger(numBlocks)) return undefined
  const modelChannels = sizes('time_embed.0.weight')[1]
  const firsts = Array.from({ length: levels }, (_, level) => `input_blocks.${1 + level * (numBlocks + 1)}`)
  return {
    ...{ resolution, inChannels, classes, modelChannels, numBlocks },
    channelMult: firsts.map(name => sizes(`${name}.0.in_layers.2.weight`)[0] / modelChannels),
    attentionDownsampling: firsts.flatMap((name, level) => (tensors.has(`${name}.1.qkv.weight`) ? [2 ** level] : []))
  }
}

/** A classifier as plain data. */
export type RecognisedClassifier = Pick<
  GuidedClassifierConfig,
  'resolution' | 'inChannels' | 'classes' | 'modelChannels' | 'numBlocks' | 'channelMult' | 'attentionDownsampling'
>

/** With what all classifiers of guided-diffusion have in common. */
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

/** The names of each numbered block's tensors, without the block's own. */
function blocks(tensors: Tensors, group: string): string[][] {
  const found: string[][] = []
  for (const name of tensors.keys()) {
    const match = name.startsWith(`${group}.`) && /^(\d+)\.(.*)$/.exec(name.slice(group.length + 1))
    if (match) (found[Number(match[1])] ??= []).push(match[2])
  }
  return found
}

/** Whether a part of an output block makes the image larger: a residual block or a convolution behind the first. */
function isUp(part: string): boolean {
  return /^[12]\.(in_layers\.0|conv)\.weight$/.test(part)
}
