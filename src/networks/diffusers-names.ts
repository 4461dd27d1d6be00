/** What layers of diffusers' networks may be called, outside of their transformers. */
const LAYERS = [
  ...['norm1', 'conv1', 'time_emb_proj', 'norm2', 'conv2', 'conv_shortcut', 'conv'],
  ...[
    'group_norm',
    'norm',
    'to_q',
    'to_k',
    'to_v',
    'to_out.0',
    'query',
    'key',
    'value',
    'proj_attn',
    'proj_in',
    'proj_out'
  ]
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
  const names = [...present]
  const known = names.find(each => rename(each) === name)
  if (known !== undefined) return known
  // Layers have had several names, of which a file keeps to one.
  const used = LAYERS.filter(layer => names.some(each => each.includes(`.${layer}.`)))
  for (const possible of possibleNames(name, [...new Set([...used, ...LAYERS])]))
    if (rename(possible) === name) return possible
  return undefined
}

function* possibleNames(name: string, layers: readonly string[]): Generator<string> {
  const kind = name.slice(name.lastIndexOf('.') + 1)
  for (const start of ['', 'decoder.']) {
    for (const layer of OUTER) yield `${start}${layer}.${kind}`
    for (const block of blocks()) {
      for (const layer of layers) yield `${start}${block}.${layer}.${kind}`
      const transformer = name.indexOf('transformer_blocks.')
      if (transformer >= 0) yield `${start}${block}.${name.slice(transformer)}`
    }
  }
}

/** Those of small numbers first: one beyond the last of its level would be renamed as one of the next level. */
function* blocks(): Generator<string> {
  for (let at = 0; at < BLOCKS; at++) {
    for (const part of ['resnets', 'attentions']) yield `mid_block.${part}.${at}`
    for (const part of ['resnets', 'attentions', 'downsamplers'])
      for (const level of levels('down_blocks')) yield `${level}.${part}.${at}`
    for (const part of ['resnets', 'attentions', 'upsamplers'])
      for (const level of levels('up_blocks')) yield `${level}.${part}.${at}`
  }
}

function levels(side: string): string[] {
  return Array.from({ length: LEVELS }, (_, level) => `${side}.${level}`)
}
