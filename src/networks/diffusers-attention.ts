import { isCount, isLayers, type Arguments } from './arguments.js'
import { groupsOf, isFlag, optionalCount, perLevel } from './diffusers-arguments.js'
import type { Side, UNetClass } from './diffusers-block-types.js'
import type { AttentionConfig, DiffusersUNetConfig, ResidualConfig } from './diffusers-unet.js'

/**
 * The attention of a layer: of what kind, on which side, in which level of that side, and behind which of its blocks.
 */
export type Heads = (kind: 'pixels' | 'context', side: Side | 'middle', index: number, layer: number) => AttentionConfig

/** A residual block that divides no sum and activates its embedding. */
export const PLAIN: ResidualConfig = { divisor: 1, plainEmbedding: false }

/**
 * The attention of each layer. UNet2DModel's attention_head_dim is the channels of a head. UNet2DConditionModel's is,
 * by an old mistake that stayed, the number of heads where images look at a context, and the channels of a head where
 * they look at themselves alone; its list is then read from its beginning on the way up, too.
 */
export function attentionOf(read: Arguments, className: UNetClass, channels: readonly number[]): Heads {
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
    isLayers(value) || (Array.isArray(value) && value.length > 0 && value.every(isLayers))
  const expected = 'a whole number up to 100 or a list of them for each level'
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

/** The smallest level, between both sides; undefined where there is none. */
export function middleOf(
  read: Arguments,
  className: UNetClass,
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
  const named = own === undefined ? 'norm_num_groups' : 'attn_norm_num_groups'
  const groups = own === undefined && adaptive ? undefined : groupsOf(read, named, [channels[last]])
  const attention = heads('pixels', 'middle', last, 0)
  return { second: true, residual, attention: { ...attention, kind: 'pixels', divisor, groups } }
}
