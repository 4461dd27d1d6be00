import { spellings, STEMS } from '../checkpoints/diffusers.js'

/** The files of a repository by their paths in it. */
type Names = readonly string[]

/** The networks of a pipeline that are read, and what goes with them. */
const COMPONENTS = ['unet', 'vae', 'vqvae', 'text_encoder', 'tokenizer', 'scheduler']
const TOKENIZER = [
  'tokenizer.json',
  'vocab.json',
  'merges.txt',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json'
]
const SETTINGS = ['model_index.json', 'config.json', 'scheduler_config.json', ...TOKENIZER]
/** The files beside a single file that are read with it. */
const BESIDE_A_FILE = ['config.json', 'config.yaml', ...TOKENIZER]

const ENDINGS = ['safetensors', 'bin']

export interface Wish {
  /** A file, or a folder; undefined for the whole repository. */
  readonly path?: string
  /** The choice of weights where there are several: fp16, bf16, non_ema, ... */
  readonly variant?: string
}

/**
 * The files that a model is read from: one file and what stands beside it, or of a folder all settings and one set of
 * weights for each network.
 */
export function selected(names: Names, { path, variant }: Wish): string[] {
  if (path !== undefined && names.includes(path)) return [path, ...beside(path, names)]
  const root = path === undefined ? '' : `${path}/`
  const folders = [root, ...COMPONENTS.map(component => `${root}${component}/`)]
  return folders.flatMap(folder => {
    const here = within(folder, names)
    const settings = here.filter(name => SETTINGS.includes(name))
    const weights = settings.includes('config.json') ? weightsAmong(here, variant) : []
    return [...settings, ...weights].map(name => `${folder}${name}`)
  })
}

/** The names of the files in a folder itself. */
function within(folder: string, names: Names): string[] {
  return names.flatMap(name => {
    const rest = name.startsWith(folder) ? name.slice(folder.length) : ''
    return rest === '' || rest.includes('/') ? [] : [rest]
  })
}

/** An ONNX file's weights are in files that begin with its name. */
function beside(path: string, names: Names): string[] {
  const folder = path.slice(0, path.lastIndexOf('/') + 1)
  const stem = path.endsWith('.onnx') ? path.slice(0, -'.onnx'.length) : undefined
  return names.filter(name => {
    if (name === path || !name.startsWith(folder)) return false
    const rest = name.slice(folder.length)
    const external = stem !== undefined && name.startsWith(`${stem}.`) && /\.(onnx[._]data|data|weight|bin)$/.test(name)
    return (
      external ||
      BESIDE_A_FILE.some(each => rest === each || (TOKENIZER.includes(each) && rest === `tokenizer/${each}`))
    )
  })
}

/** One network's weights, in one file or in several with their index; of the variant where it has that. */
export function weightsAmong(names: Names, variant?: string): string[] {
  const wanted = [...(variant === undefined ? [] : [variant]), undefined, ...(variant === undefined ? ['fp16'] : [])]
  for (const each of wanted)
    for (const stem of STEMS)
      for (const ending of ENDINGS) {
        const found = setOf(names, stem, ending, each)
        if (found.length > 0) return found
      }
  return []
}

function setOf(names: Names, stem: string, ending: string, variant: string | undefined): string[] {
  const marked = variant === undefined ? '' : `.${variant}`
  const [single, ...indices] = spellings(stem, ending, variant)
  if (names.includes(single)) return [single]
  const shard = /-\d{5}-of-\d{5}/
  const shards = names.filter(name => {
    const part = shard.exec(name)?.at(0)
    return (
      part !== undefined && [`${stem}${part}${marked}.${ending}`, `${stem}${marked}${part}.${ending}`].includes(name)
    )
  })
  return shards.length === 0 ? [] : [...names.filter(name => indices.includes(name)), ...shards]
}

/**
 * The parts that a folder lacks of those which its model_index.json names (undefined: it is one network alone), each in
 * words.
 * @param names paths from that folder
 */
export function lacking(
  names: Names,
  index: Readonly<Record<string, unknown>> | undefined,
  variant?: string
): string[] {
  const listed = Object.entries(index ?? {}).flatMap(([name, value]) =>
    Array.isArray(value) && value[0] !== null && COMPONENTS.includes(name) ? [name] : []
  )
  if (!index) return lackingNetwork(within('', names), 'the repository', variant)
  return listed.flatMap(component => {
    const own = within(`${component}/`, names)
    const here = own.length > 0 ? own : within('', names)
    if (component === 'scheduler') return here.includes('scheduler_config.json') ? [] : ['scheduler_config.json']
    if (component === 'tokenizer') return hasTokenizer(here) ? [] : ["the tokeniser's files"]
    return lackingNetwork(here, component, variant)
  })
}

export function hasTokenizer(names: Names): boolean {
  return names.includes('tokenizer.json') || (names.includes('vocab.json') && names.includes('merges.txt'))
}

function lackingNetwork(names: Names, owner: string, variant: string | undefined): string[] {
  const weights = weightsAmong(names, variant)
  const count = Number(/-of-(\d{5})/.exec(weights.at(-1) ?? '')?.at(1) ?? 0)
  const shards = weights.filter(name => /-of-\d{5}/.test(name)).length
  return [
    ...(names.includes('config.json') ? [] : [`config.json of ${owner}`]),
    ...(weights.length === 0 ? [`weights of ${owner} (${STEMS[0]}.safetensors, ...)`] : []),
    ...(shards < count ? [`${count - shards} of ${count} files of weights of ${owner}`] : [])
  ]
}
