import { isCount, isLayers, type Arguments } from './arguments.js'
import { activation, groupsOf, kernel, optionalActivation, optionalCount, perLevel } from './diffusers-arguments.js'
import { attentionOf, middleOf, PLAIN, type Heads } from './diffusers-attention.js'
import type { EmbeddingConfig, WavesConfig } from './diffusers-embedding.js'
import type { BlockKinds, Side, UNetClass } from './diffusers-block-types.js'
import type { DiffusersUNetConfig, LevelConfig, ResidualConfig } from './diffusers-unet.js'

/** The layers of a network of diffusers. @throws EpdError `model-invalid` that names an argument */
export function configOf(
  read: Arguments,
  className: UNetClass,
  channels: readonly number[],
  kinds: BlockKinds
): DiffusersUNetConfig {
  const conditional = className === 'UNet2DConditionModel'
  const blocks = activation(read, 'act_fn')
  const fourier = read.text('time_embedding_type', ['positional', 'fourier']) === 'fourier'
  const heads = attentionOf(read, className, channels)
  const levels = levelsOf(read, className, channels, kinds, heads)
  const projectsContext = conditional && isCount(read.value('encoder_hid_dim'))
  return {
    outChannels: read.count('out_channels'),
    centered: read.flag('center_input_sample'),
    embedding: embeddingOf(read, className, channels[0], fourier),
    kernels: conditional ? [kernel(read, 'conv_in_kernel'), kernel(read, 'conv_out_kernel')] : [3, 3],
    channels: channels[0],
    groups: groupsOf(read, 'norm_num_groups', channels),
    epsilon: read.number('norm_eps'),
    adaptiveScale: read.text('resnet_time_scale_shift', ['default', 'scale_shift']) === 'scale_shift',
    activations: { blocks, last: conditional ? blocks : 'silu' },
    down: levels('down'),
    middle: middleOf(read, className, channels, heads),
    up: levels('up'),
    cornerPadding: cornerPadding(read),
    linearProjection: conditional && read.flag('use_linear_projection'),
    contextDim: projectsContext ? crossWidth(read, kinds) : undefined,
    dividesByNoise: fourier && !conditional
  }
}

/** The levels of either side, from its first to its last. */
function levelsOf(
  read: Arguments,
  className: UNetClass,
  channels: readonly number[],
  kinds: BlockKinds,
  heads: Heads
): (side: Side) => readonly LevelConfig[] {
  const conditional = className === 'UNet2DConditionModel'
  const resample = {
    down: conditional ? 'conv' : read.text('downsample_type', ['conv', 'resnet'], 'conv'),
    up: conditional ? 'conv' : read.text('upsample_type', ['conv', 'resnet'], 'conv')
  }
  const resampling: ResidualConfig = {
    divisor: conditional ? read.number('resnet_out_scale_factor') : 1,
    plainEmbedding: conditional && read.flag('resnet_skip_time_act')
  }
  const layers = perLevel(read, 'layers_per_block', channels.length, isLayers, 'a whole number up to 100', conditional)
  return side =>
    kinds[side].map((kind, i) => {
      const level = side === 'down' ? i : channels.length - 1 - i
      const count = layers[level] + (side === 'down' ? 0 : 1)
      const inBlock = kind === 'resampling' || (kind === 'pixels' && resample[side] === 'resnet')
      return {
        channels: channels[level],
        layers: count,
        attention:
          kind === 'pixels' || kind === 'context'
            ? Array.from({ length: count }, (_, layer) => heads(kind, side, i, layer))
            : undefined,
        resample: i === channels.length - 1 ? undefined : inBlock ? 'block' : 'convolution',
        residual: kind === 'resampling' ? resampling : PLAIN
      }
    })
}

function embeddingOf(read: Arguments, className: UNetClass, channels: number, fourier: boolean): EmbeddingConfig {
  const conditional = className === 'UNet2DConditionModel'
  const given = optionalCount(read, 'time_embedding_dim')
  const width = given ?? channels * (fourier && conditional ? 2 : 4)
  const sineFirst = !read.flag('flip_sin_to_cos')
  const shift = read.number('freq_shift')
  if (!fourier && Math.floor(channels / 2) === shift)
    throw read.unsupported('freq_shift', shift, `which divides by zero with ${channels} channels`)
  const waves: WavesConfig = !fourier
    ? { kind: 'positional', channels, shift, sineFirst }
    : conditional
      ? { kind: 'fourier', count: Math.floor(width / 2), logarithm: false, sineFirst }
      : { kind: 'fourier', count: channels, logarithm: true, sineFirst: true }
  const classes = classesOf(read)
  const concatenated = conditional && read.flag('class_embeddings_concat')
  if (concatenated && classes !== 'table' && classes !== 'waves')
    throw read.unsupported('class_embeddings_concat', true, 'which needs embedded classes')
  return {
    ...{ waves, width, classes, concatenated },
    activation: conditional ? activation(read, 'act_fn') : 'silu',
    post: conditional ? optionalActivation(read, 'timestep_post_act') : undefined,
    last: conditional ? optionalActivation(read, 'time_embedding_act_fn') : undefined
  }
}

/** The way in which a network is told classes; undefined where it knows none. */
export function classesOf(read: Arguments): EmbeddingConfig['classes'] {
  const type = read.value('class_embed_type')
  if (type === null) return read.value('num_class_embeds') === null ? undefined : 'table'
  if (type === 'timestep') return 'waves'
  if (type === 'identity') return 'number'
  throw read.unsupported('class_embed_type', type)
}

/** The width of a token where images look at it, which must be equal at all levels that do. */
export function crossWidth(read: Arguments, kinds: BlockKinds): number {
  const count = kinds.down.length
  const widths = perLevel(read, 'cross_attention_dim', count, isCount, 'a whole number')
  const looking = widths.filter(
    (_, level) =>
      kinds.down[level] === 'context' ||
      kinds.up[count - 1 - level] === 'context' ||
      (level === count - 1 && read.value('mid_block_type') === 'UNetMidBlock2DCrossAttn')
  )
  const [width] = looking.length > 0 ? looking : widths
  if (looking.some(each => each !== width)) throw read.unsupported('cross_attention_dim', widths)
  return width
}

function cornerPadding(read: Arguments): boolean {
  const padding = read.count('downsample_padding')
  if (padding > 1) throw read.unsupported('downsample_padding', padding)
  return padding === 0
}
