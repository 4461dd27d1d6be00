import { ACTIVATION_NAMES, type Activation } from './layers.js'
import type { Arguments } from './arguments.js'
import type {
  AttentionConfig,
  DiffusersUNetConfig,
  EmbeddingConfig,
  LevelConfig,
  ResidualConfig,
  WavesConfig
} from './diffusers-unet.js'
import type { Network, Size } from './network.js'

type ClassName = 'UNet2DModel' | 'UNet2DConditionModel'
type Side = 'down' | 'up'

/** What the blocks of a level are, by the name without its side. */
const BLOCKS = {
  down: {
    DownBlock2D: 'plain',
    AttnDownBlock2D: 'pixels',
    CrossAttnDownBlock2D: 'context',
    ResnetDownsampleBlock2D: 'resampling'
  },
  up: {
    UpBlock2D: 'plain',
    AttnUpBlock2D: 'pixels',
    CrossAttnUpBlock2D: 'context',
    ResnetUpsampleBlock2D: 'resampling'
  }
} as const satisfies Record<Side, Record<string, BlockKind>>

type BlockKind = 'plain' | 'pixels' | 'context' | 'resampling'

const PLAIN: ResidualConfig = { divisor: 1, plainEmbedding: false }

/** Classes of a network that is told their numbers and does not say how many there are. */
const NUMBERED_CLASSES = 1000

/**
 * The network of the arguments of a UNet2DModel or UNet2DConditionModel, all of them given, as settingsOf of diffusers-classes.ts has them;
 * `sample_size` is the height and width of an image, `context_tokens` our own.
 * @throws EpdError `model-invalid` that names an argument
 */
export function diffusersNetwork(read: Arguments, className: ClassName): Network {
  const conditional = className === 'UNet2DConditionModel'
  const channels = levelChannels(read)
  const size = sizeOf(read)
  const kinds = { down: blockKinds(read, 'down', channels.length), up: blockKinds(read, 'up', channels.length) }
  const inChannels = read.count('in_channels')
  const classes = classesOf(read)
  const config = configOf(read, className, channels, kinds)
  checkChannels(read, inChannels, config)
  checkSizes(read, config, kinds.up, conditional, size)
  return {
    architecture: className,
    ...{ size, inChannels, config },
    labelDim: classes === undefined ? 0 : classes === 'table' ? read.count('num_class_embeds') : numberedClasses(read),
    context: conditional ? { tokens: read.count('context_tokens', 77), width: contextWidth(read, kinds) } : undefined
  }
}

function configOf(
  read: Arguments,
  className: ClassName,
  channels: readonly number[],
  kinds: Readonly<Record<Side, readonly BlockKind[]>>
): DiffusersUNetConfig {
  const conditional = className === 'UNet2DConditionModel'
  const optional = conditional ? (name: string) => read.value(name) : () => undefined
  const blocks = activation(read, 'act_fn')
  const fourier = read.text('time_embedding_type', ['positional', 'fourier']) === 'fourier'
  const resample = {
    down: conditional ? 'conv' : read.text('downsample_type', ['conv', 'resnet'], 'conv'),
    up: conditional ? 'conv' : read.text('upsample_type', ['conv', 'resnet'], 'conv')
  }
  const resampling: ResidualConfig = {
    divisor: conditional ? read.number('resnet_out_scale_factor') : 1,
    plainEmbedding: conditional && read.flag('resnet_skip_time_act')
  }
  const layers = perLevel(read, 'layers_per_block', channels.length, isCount, 'a whole number', conditional)
  const heads = attentionOf(read, className, channels)
  const levels = (side: Side): LevelConfig[] =>
    kinds[side].map((kind, i) => {
      const level = side === 'down' ? i : channels.length - 1 - i
      const count = layers[level] + (side === 'down' ? 0 : 1)
      const attended = kind === 'pixels' || kind === 'context'
      const inBlock = kind === 'resampling' || (kind === 'pixels' && resample[side] === 'resnet')
      return {
        ...{ channels: channels[level], layers: count },
        attention: attended ? Array.from({ length: count }, (_, k) => heads(kind, side, i, k)) : undefined,
        resample: i === channels.length - 1 ? undefined : inBlock ? 'block' : 'convolution',
        residual: kind === 'resampling' ? resampling : PLAIN
      }
    })
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
    ...{ down: levels('down'), middle: middleOf(read, className, channels, heads), up: levels('up') },
    cornerPadding: cornerPadding(read),
    linearProjection: conditional && read.flag('use_linear_projection'),
    contextDim: isCount(optional('encoder_hid_dim')) ? crossWidth(read, kinds) : undefined,
    dividesByNoise: fourier && !conditional
  }
}

type Heads = (kind: 'pixels' | 'context', side: Side | 'middle', index: number, layer: number) => AttentionConfig

/**
 * The attention of each layer. UNet2DModel's attention_head_dim is the channels of a head. UNet2DConditionModel's is, by an old mistake that stayed, the
 * number of heads where images look at a context, and the channels of a head where they look at themselves alone; its list is then
 * read from its beginning on the way up, too.
 */
function attentionOf(read: Arguments, className: ClassName, channels: readonly number[]): Heads {
  const conditional = className === 'UNet2DConditionModel'
  const count = channels.length
  const dims = conditional
    ? perLevel(read, 'attention_head_dim', count, isCount, 'a whole number')
    : channels.map(each => optionalCount(read, 'attention_head_dim') ?? each)
  const named = conditional && read.value('num_attention_heads') !== null ? 'num_attention_heads' : 'attention_head_dim'
  const heads = conditional ? perLevel(read, named, count, isCount, 'a whole number') : []
  const only = conditional ? perLevel(read, 'only_cross_attention', count, isFlag, 'true or false') : []
  const depth = conditional ? depthOf(read, count) : () => 1
  return (kind, side, index, layer) => {
    const level = side === 'down' ? index : side === 'up' ? count - 1 - index : count - 1
    const width = channels[level]
    if (kind === 'context') {
      const size = Math.floor(width / heads[level])
      if (!(size >= 1 && size <= width)) throw read.unsupported(named, read.value(named), notDividing(width))
      const onlyContext = side !== 'middle' && only[level]
      return { kind, heads: heads[level], size, depth: depth(side, index, layer), onlyContext }
    }
    const dim = dims[side === 'middle' ? level : conditional ? index : level]
    const many = Math.floor(width / dim)
    if (!(many >= 1 && many <= width))
      throw read.unsupported('attention_head_dim', read.value('attention_head_dim'), notDividing(width))
    return { kind, heads: many, size: dim, divisor: 1, groups: read.count('norm_num_groups') }
  }
}

function notDividing(channels: number): string {
  return `which leaves no head for ${channels} channels`
}

/** transformer_layers_per_block: a number, one for each level, or in each level one for each layer. */
function depthOf(read: Arguments, count: number) {
  const isDepth = (value: unknown): value is number | number[] =>
    isCount(value) || (Array.isArray(value) && value.length > 0 && value.every(isCount))
  const expected = 'a whole number or a list of them for each level'
  const name = 'transformer_layers_per_block'
  const down = perLevel(read, name, count, isDepth, expected)
  const reversed = `reverse_${name}`
  const given = read.value(reversed) !== null
  if (!given && down.some(Array.isArray)) throw read.unsupported(name, down, `which needs ${reversed} beside it`)
  const up = given ? perLevel(read, reversed, count, isDepth, expected) : [...down].reverse()
  return (side: Side | 'middle', index: number, layer: number): number => {
    const of = side === 'up' ? up[index] : down[index]
    const found = typeof of === 'number' ? of : of.at(layer)
    if (found === undefined) throw read.unsupported(side === 'up' && given ? reversed : name, of, 'which has too few')
    return found
  }
}

function middleOf(
  read: Arguments,
  className: ClassName,
  channels: readonly number[],
  heads: Heads
): DiffusersUNetConfig['middle'] {
  const type = read.value('mid_block_type')
  if (type === null) return undefined
  const divisor = read.number('mid_block_scale_factor')
  const residual = { ...PLAIN, divisor }
  const last = channels.length - 1
  if (className === 'UNet2DConditionModel') {
    if (type === 'UNetMidBlock2D') return { second: false, residual }
    if (type === 'UNetMidBlock2DCrossAttn')
      return { second: true, residual, attention: heads('context', 'middle', last, 0) }
    throw read.unsupported('mid_block_type', type)
  }
  if (type !== 'UNetMidBlock2D') throw read.unsupported('mid_block_type', type)
  if (!read.flag('add_attention')) return { second: true, residual }
  const own = optionalCount(read, 'attn_norm_num_groups')
  const adaptive = read.value('resnet_time_scale_shift') === 'scale_shift'
  const groups = own === undefined && adaptive ? undefined : groupsOf(read, own === undefined ? 'norm_num_groups' : 'attn_norm_num_groups', [channels[last]]) // prettier-ignore
  const attention = heads('pixels', 'middle', last, 0)
  return { second: true, residual, attention: { ...attention, kind: 'pixels', divisor, groups } }
}

function embeddingOf(read: Arguments, className: ClassName, channels: number, fourier: boolean): EmbeddingConfig {
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

function classesOf(read: Arguments): EmbeddingConfig['classes'] {
  const type = read.value('class_embed_type')
  if (type === null) return read.value('num_class_embeds') === null ? undefined : 'table'
  if (type === 'timestep') return 'waves'
  if (type === 'identity') return 'number'
  throw read.unsupported('class_embed_type', type)
}

function numberedClasses(read: Arguments): number {
  return optionalCount(read, 'num_class_embeds') ?? NUMBERED_CLASSES
}

function blockKinds(read: Arguments, side: Side, count: number): BlockKind[] {
  const name = `${side}_block_types`
  const types = read.texts(name)
  if (types.length !== count) throw read.unsupported(name, types, `but block_out_channels has ${count} levels`)
  const known = new Map<string, BlockKind>(Object.entries(BLOCKS[side]))
  return types.map(type => {
    // The names of 2022 had this before them.
    const kind = known.get(type.replace(/^UNetRes/, ''))
    if (kind === undefined || (kind === 'context' && read.value('cross_attention_dim') === undefined))
      throw read.unsupported(name, type)
    return kind
  })
}

/** What a token of the context that the network is given is wide. */
function contextWidth(read: Arguments, kinds: Readonly<Record<Side, readonly BlockKind[]>>): number {
  return optionalCount(read, 'encoder_hid_dim') ?? crossWidth(read, kinds)
}

/** What a token is wide where images look at it, the same at every level that does. */
function crossWidth(read: Arguments, kinds: Readonly<Record<Side, readonly BlockKind[]>>): number {
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

function checkChannels(read: Arguments, inChannels: number, { outChannels }: DiffusersUNetConfig): void {
  if (outChannels !== inChannels && outChannels !== 2 * inChannels)
    throw read.unsupported(
      'in_channels',
      inChannels,
      `but out_channels is ${outChannels}: a network that is given more than a noisy image, as for inpainting, is not supported`
    )
}

/** Sizes of the image within a network, from the whole to the smallest. */
export function sizesWithin({ down, cornerPadding }: DiffusersUNetConfig, size: Size): Size[] {
  const sizes = [size]
  for (const { resample } of down) {
    const half = resample === 'block' || cornerPadding ? Math.floor : Math.ceil
    const [height, width] = sizes[sizes.length - 1]
    if (resample !== undefined) sizes.push([half(height / 2), half(width / 2)])
  }
  return sizes
}

/** Images that do not halve evenly meet their sizes again only where a block is told them. */
function checkSizes(
  read: Arguments,
  config: DiffusersUNetConfig,
  kinds: readonly BlockKind[],
  conditional: boolean,
  size: Size
): void {
  const sizes = sizesWithin(config, size)
  const smallest = sizes[sizes.length - 1]
  for (const [index, kind] of kinds.slice(0, -1).entries()) {
    const [from, to] = [sizes[sizes.length - 1 - index], sizes[sizes.length - 2 - index]]
    const isDouble = to.every((side, axis) => side === 2 * from[axis])
    const fits = conditional && (kind === 'plain' || kind === 'context')
    if (smallest.includes(0) || !(isDouble || fits))
      throw read.unsupported('sample_size', size, `which cannot be halved ${sizes.length - 1} times`)
  }
}

function sizeOf(read: Arguments): Size {
  const given = read.value('sample_size')
  if (given === null)
    throw read.unsupported(
      'sample_size',
      null,
      "so that nothing says how large its samples are; name it in the model's shape, [channels, height, width]"
    )
  const size = typeof given === 'number' ? [given, given] : given
  if (Array.isArray(size) && size.length === 2 && size.every(side => isCount(side) && side > 0))
    return [size[0], size[1]]
  throw read.wrong('sample_size', "an image's side, or its height and width")
}

export function groupsOf(read: Arguments, name: string, channels: readonly number[]): number {
  const groups = read.count(name)
  const odd = channels.find(each => groups === 0 || each % groups !== 0)
  if (odd !== undefined) throw read.unsupported(name, groups, `which does not divide ${odd} channels`)
  return groups
}

function cornerPadding(read: Arguments): boolean {
  const padding = read.count('downsample_padding')
  if (padding > 1) throw read.unsupported('downsample_padding', padding)
  return padding === 0
}

function kernel(read: Arguments, name: string): number {
  const side = read.count(name)
  if (side % 2 === 0) throw read.unsupported(name, side)
  return side
}

export function activation(read: Arguments, name: string): Activation {
  const given = read.value(name)
  const found = ACTIVATION_NAMES.find(known => typeof given === 'string' && known === given.toLowerCase())
  if (found === undefined)
    throw read.unsupported(name, given, `which is not supported; known are ${ACTIVATION_NAMES.join(', ')}`)
  return found
}

function optionalActivation(read: Arguments, name: string): Activation | undefined {
  return read.value(name) === null ? undefined : activation(read, name)
}

function optionalCount(read: Arguments, name: string): number | undefined {
  const value = read.value(name)
  return value === null || value === undefined ? undefined : read.count(name)
}

/** block_out_channels. */
export function levelChannels(read: Arguments): readonly number[] {
  const channels = read.counts('block_out_channels')
  if (channels.length === 0 || channels.includes(0)) throw read.unsupported('block_out_channels', channels)
  return channels
}

/** One for each level, or one for all of them. */
function perLevel<Item>(
  read: Arguments,
  name: string,
  count: number,
  is: (value: unknown) => value is Item,
  expected: string,
  lists = true
): readonly Item[] {
  const value = read.value(name)
  const each: readonly unknown[] = lists && Array.isArray(value) ? value : Array.from({ length: count }, () => value)
  if (each.length === count && each.every(is)) return each
  throw read.wrong(name, lists ? `${expected}, or a list of ${count}` : expected)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function isFlag(value: unknown): value is boolean {
  return typeof value === 'boolean'
}
