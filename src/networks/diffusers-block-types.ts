import type { Arguments } from './arguments.js'

/** The classes of U-Nets, by the names of diffusers. */
export type UNetClass = 'UNet2DModel' | 'UNet2DConditionModel'

export type Side = 'down' | 'up'

/**
 * Blocks without attention, with attention over pixels or over a context, and blocks that resample within themselves.
 */
export type BlockKind = 'plain' | 'pixels' | 'context' | 'resampling'

export type BlockKinds = Readonly<Record<Side, readonly BlockKind[]>>

/** The kind of a level's blocks, by the name of their type. */
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

/**
 * The kinds of blocks of each level, on both sides.
 * @throws EpdError `model-invalid` that names a type that is not known
 */
export function blockKinds(read: Arguments, levels: number): BlockKinds {
  return { down: kindsOf(read, 'down', levels), up: kindsOf(read, 'up', levels) }
}

function kindsOf(read: Arguments, side: Side, count: number): readonly BlockKind[] {
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
