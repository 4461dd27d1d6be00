/** What layers of diffusers' networks may be called, outside of their transformers. */
const LAYERS = [
  ...['norm1', 'conv1', 'time_emb_proj', 'norm2', 'conv2', 'conv_shortcut', 'conv', 'norm', 'proj_in', 'proj_out'],
  ...['group_norm', 'to_q', 'to_k', 'to_v', 'to_out.0', 'query', 'key', 'value', 'proj_attn']
]
const OUTER = [
  ...['time_embedding.linear_1', 'time_embedding.linear_2', 'class_embedding', 'class_embedding.linear_1'],
  ...['class_embedding.linear_2', 'conv_in', 'conv_norm_out', 'conv_out']
]
/** More levels and layers in a level than any network has. */
const LEVELS = 8
const BLOCKS = 12

/**
 * The name in diffusers' files of what is called `name` once it is renamed: one of those that are there, or, of a tensor that is missing, the
 * one of all possible that would be renamed so. Undefined where there is none.
 */
export function originalName(
  present: Iterable<string>,
  name: string,
  rename: (name: string) => string
): string | undefined {
  for (const known of present) if (rename(known) === name) return known
  for (const possible of possibleNames(name)) if (rename(possible) === name) return possible
  return undefined
}

function* possibleNames(name: string): Generator<string> {
  const kind = name.slice(name.lastIndexOf('.') + 1)
  for (const start of ['', 'decoder.']) {
    for (const layer of OUTER) yield `${start}${layer}.${kind}`
    for (const block of blocks()) {
      for (const layer of LAYERS) yield `${start}${block}.${layer}.${kind}`
      const transformer = name.indexOf('transformer_blocks.')
      if (transformer >= 0) yield `${start}${block}.${name.slice(transformer)}`
    }
  }
}

function* blocks(): Generator<string> {
  const sides = ['mid_block', ...levels('down_blocks'), ...levels('up_blocks')]
  for (const side of sides)
    for (const part of ['resnets', 'attentions', 'downsamplers', 'upsamplers'])
      for (let at = 0; at < BLOCKS; at++) yield `${side}.${part}.${at}`
}

function levels(side: string): string[] {
  return Array.from({ length: LEVELS }, (_, level) => `${side}.${level}`)
}
