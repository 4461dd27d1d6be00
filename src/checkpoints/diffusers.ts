import { readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EpdError } from '../errors.js'
import { fileDigest } from './checkpoint.js'
import { digestOf } from './digest.js'
import { readJson } from './json.js'
import { readTensors } from './network.js'
import { isRecord, type Tensor } from './tensor.js'

/** A network in a folder as diffusers and transformers save it. */
export interface Component {
  /** Its class: UNet2DModel, AutoencoderKL, ... */
  readonly className: string
  readonly config: Readonly<Record<string, unknown>>
  /** The path of its config.json, for messages. */
  readonly file: string
  /** The files that hold its weights. */
  readonly weights: readonly string[]
  /** The variant that they are of. */
  readonly variant?: string
  /** Read anew at each call. */
  readonly tensors: () => Promise<ReadonlyMap<string, Tensor>>
}

/** A folder of Hugging Face's diffusers, with what of it makes a diffusion model. */
export interface DiffusersFolder {
  readonly unet: Component
  /** The first stage of a latent model. */
  readonly autoencoder?: Component
  readonly textEncoder?: Component
  /** Whether it has a tokeniser. */
  readonly hasTokenizer: boolean
  readonly scheduler: {
    readonly config: Readonly<Record<string, unknown>>
    readonly file: string
    /** The class that model_index.json names. */
    readonly listed?: string
  }
  /** All that is read of it, in a fixed order. */
  readonly files: readonly string[]
}

/**
 * The choice among a folder's weights, as diffusers has it: `fp16` reads diffusion_pytorch_model.fp16.safetensors, for
 * example.
 */
export interface WeightOptions {
  readonly variant?: string
}

/** The parts of pipelines that are read, each with the libraries that write it. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  unet: ['diffusers'],
  vae: ['diffusers'],
  vqvae: ['diffusers'],
  scheduler: ['diffusers'],
  text_encoder: ['transformers'],
  tokenizer: ['transformers']
}
/** Parts of pipelines that samples do not depend on. */
const IGNORED = ['safety_checker', 'feature_extractor', 'image_encoder']
/** The settings in model_index.json beside its parts. */
const SETTINGS = ['_class_name', '_diffusers_version', '_name_or_path', '_commit_hash', 'requires_safety_checker']

/**
 * A pipeline with its model_index.json and a folder a component, or all in one; or the folder of one network with its
 * config.json.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `model-invalid`
 */
export async function readDiffusers(folder: string, { variant }: WeightOptions = {}): Promise<DiffusersFolder> {
  const file = join(folder, 'model_index.json')
  const index = await readJson(file)
  const listed = partsOf(index ?? {}, file)
  const placeOf = async (name: string) => ((await exists(join(folder, name))) ? join(folder, name) : folder)
  const component = async (name: string) => {
    const part = listed.get(name)
    if (part === undefined) return undefined
    return agreeing(await readComponent(await placeOf(name), { variant, orPlain: true }), part, file)
  }
  const unet = (await component('unet')) ?? (await readComponent(index ? await placeOf('unet') : folder, { variant }))
  const autoencoder = (await component('vae')) ?? (await component('vqvae'))
  const textEncoder = await component('text_encoder')
  const schedulerFile = join(await placeOf('scheduler'), 'scheduler_config.json')
  const schedulerConfig = await readJson(schedulerFile)
  if (!schedulerConfig)
    throw new EpdError(
      'checkpoint-missing',
      `${schedulerFile}: there is no such file; it says which noise the network was trained on`
    )
  const components = [unet, autoencoder, textEncoder].flatMap(each => each ?? [])
  if (variant !== undefined && !components.some(each => each.variant === variant))
    throw new EpdError('checkpoint-missing', `${folder}: has no weights of the variant ${variant}`)
  return {
    ...{ unet, autoencoder, textEncoder, hasTokenizer: listed.has('tokenizer') },
    scheduler: { config: schedulerConfig, file: schedulerFile, listed: listed.get('scheduler') },
    files: [...(index ? [file] : []), schedulerFile, ...components.flatMap(({ file, weights }) => [file, ...weights])]
  }
}

/**
 * The class of each part that model_index.json lists.
 * @throws EpdError `model-invalid` for a part or a setting that is not known
 */
function partsOf(index: Readonly<Record<string, unknown>>, file: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const known = [...Object.keys(PARTS), ...IGNORED]
  const strange = Object.entries(index).flatMap(([name, value]) =>
    Array.isArray(value) && value[0] !== null && !name.startsWith('_') && !known.includes(name) ? [name] : []
  )
  if (strange.length > 0) {
    // The part that says the most of another family of networks comes first.
    const [part] = [...strange].sort((a, b) => Number(b === 'transformer') - Number(a === 'transformer'))
    const also = strange.filter(name => name !== part)
    throw new EpdError(
      'model-invalid',
      `${file}: its pipeline has a ${part}, which is not ` +
        `supported${also.length > 0 ? `, nor are ${also.join(', ')}` : ''}; known are ${known.join(', ')}. A ` +
        'Python program may serve it as a model (docs/command.md)'
    )
  }
  for (const [name, value] of Object.entries(index)) {
    if (!Array.isArray(value) || name.startsWith('_')) {
      if (!SETTINGS.includes(name) && value !== null)
        throw new EpdError('model-invalid', `${file}: ${name} is ${JSON.stringify(value)}, which is not supported`)
      continue
    }
    const entry: readonly unknown[] = value
    const [library, className] = entry
    if (library === null || IGNORED.includes(name)) continue
    if (typeof library !== 'string' || typeof className !== 'string' || !PARTS[name].includes(library))
      throw new EpdError(
        'model-invalid',
        `${file}: ${name} is ${JSON.stringify(value)}, which is not supported; it must be of ` +
          PARTS[name].join(' or ')
      )
    found.set(name, className)
  }
  return found
}

/** The classes that a part's own config.json may name, where model_index.json names another for it. */
const COMPATIBLE: Readonly<Record<string, readonly string[] | undefined>> = {
  CLIPTextModel: ['CLIPTextModel', 'CLIPModel']
}

function agreeing(component: Component, listed: string, index: string): Component {
  const { className, file } = component
  const plain = listed.replace(/^Flax/, '')
  if (className === '') return { ...component, className: plain }
  if (className === plain || COMPATIBLE[plain]?.includes(className)) return component
  throw new EpdError('model-invalid', `${file}: is of a ${className}, but ${index} names a ${listed}`)
}

/** The folder of one network: config.json and weights. @throws EpdError `checkpoint-missing`, `checkpoint-invalid` */
export async function readComponent(folder: string, options: ComponentOptions = {}): Promise<Component> {
  const file = join(folder, 'config.json')
  const config = await readJson(file)
  if (!config)
    throw new EpdError(
      'checkpoint-missing',
      `${file}: there is no such file; a folder of diffusers has one for each network`
    )
  const { _class_name: ofDiffusers, architectures } = config
  const first: unknown = Array.isArray(architectures) ? architectures[0] : undefined
  const named = typeof first === 'string' ? first : ''
  const { weights, variant } = await weightFiles(folder, options)
  return {
    className: typeof ofDiffusers === 'string' ? ofDiffusers : named,
    config,
    file,
    weights,
    variant,
    async tensors() {
      const all = new Map<string, Tensor>()
      for (const path of weights) for (const [name, tensor] of await readTensors(path)) all.set(name, tensor)
      return all
    }
  }
}

/** The SHA-256 of a network's config.json and weights. @throws EpdError `checkpoint-missing` */
export async function componentDigest({ file, weights }: Component): Promise<string> {
  return digestOf(await Promise.all([file, ...weights].map(fileDigest)))
}

interface ComponentOptions extends WeightOptions {
  /** Whether weights without a variant are read where the one that is asked for is not there. */
  readonly orPlain?: boolean
}

interface Weights {
  readonly weights: readonly string[]
  readonly variant?: string
}

/** Weights in half precision are read where no others are there; they are the same weights. */
const HALF = 'fp16'

/**
 * Finds weights in one file, or in several with an index. Safetensors come before pickles.
 * @throws EpdError `checkpoint-missing`
 */
async function weightFiles(folder: string, { variant, orPlain = false }: ComponentOptions): Promise<Weights> {
  const names: readonly string[] = await readdir(folder).catch(() => [])
  const wanted = variant === undefined ? [undefined, HALF] : orPlain ? [variant, undefined] : [variant]
  for (const each of wanted) {
    const weights = await weightsOf(folder, names, each)
    if (weights) return { weights, variant: each }
  }
  const others = variantsOf(names)
  const named = variant === undefined ? '' : `.${variant}`
  throw new EpdError(
    'checkpoint-missing',
    others.length > 0
      ? `${folder}: holds no weights ` +
          `${variant === undefined ? 'without a variant' : `of the variant ${variant}`}, but of the variants ` +
          `${others.join(', ')}; name one as the model's variant`
      : `${folder}: holds no weights; expected ${STEMS[0]}${named}.safetensors or ${STEMS[1]}${named}.safetensors`
  )
}

/** The beginnings of the names of files of weights. */
export const STEMS = ['diffusion_pytorch_model', 'model', 'pytorch_model']

async function weightsOf(
  folder: string,
  names: readonly string[],
  variant: string | undefined
): Promise<readonly string[] | undefined> {
  for (const stem of STEMS)
    for (const ending of ['safetensors', 'bin']) {
      const [file, ...indices] = spellings(stem, ending, variant)
      if (names.includes(file)) return [join(folder, file)]
      const found = indices.find(name => names.includes(name))
      const index = found === undefined ? undefined : await readJson(join(folder, found))
      if (index && isRecord(index.weight_map))
        return [...new Set(Object.values(index.weight_map).map(String))]
          .sort()
          .map(shard => join(folder, plainName(shard, folder)))
    }
  return undefined
}

/** The file of all weights, and the names that versions of diffusers and transformers give the index of several. */
export function spellings(stem: string, ending: string, variant: string | undefined): readonly string[] {
  const plain = `${stem}.${ending}`
  if (variant === undefined) return [plain, `${plain}.index.json`]
  const own = `${stem}.${variant}.${ending}`
  return [own, `${plain}.index.${variant}.json`, `${plain}.${variant}.index.json`, `${own}.index.json`]
}

function variantsOf(names: readonly string[]): readonly string[] {
  const [stem, shard] = [`(?:${STEMS.join('|')})`, String.raw`(?:-\d+-of-\d+)?`]
  const ending = String.raw`(?:safetensors|bin|index\.json|json)`
  const pattern = new RegExp(String.raw`^${stem}\.(?:(?:safetensors|bin)\.)?(?:index\.)?([^.]+?)${shard}\.${ending}$`)
  const found = names.flatMap(name => pattern.exec(name)?.[1] ?? []).filter(name => name !== 'index')
  return [...new Set(found)].sort()
}

/** An index may only name files that stand beside it. */
function plainName(name: string, folder: string): string {
  if (/^[^/\\]+$/.test(name) && name !== '..') return name
  throw new EpdError(
    'checkpoint-invalid',
    `${folder}: its index names ${JSON.stringify(name)}, which is no file of the folder`
  )
}

/** The folder that a path of a checkpoint means, if it means one: itself, or that of its model_index.json. */
export async function folderOf(path: string): Promise<string | undefined> {
  if (path.endsWith('model_index.json')) return dirname(path)
  return (await isFolder(path)) ? path : undefined
}

async function isFolder(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => undefined)
  return info?.isDirectory() ?? false
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}
