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
  /** Path of its config.json, for messages. */
  readonly file: string
  /** The files that hold its weights. */
  readonly weights: readonly string[]
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

/** Parts of pipelines that samples do not depend on. */
const IGNORED = ['safety_checker', 'feature_extractor', 'image_encoder']

/**
 * A pipeline with its model_index.json and a folder a component, or all in one; or the folder of one network with its config.json.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `model-invalid`
 */
export async function readDiffusers(folder: string): Promise<DiffusersFolder> {
  const index = await readJson(join(folder, 'model_index.json'))
  const listed = Object.entries(index ?? {}).flatMap(([name, value]) =>
    Array.isArray(value) && value[0] !== null ? [name] : []
  )
  const known = ['unet', 'vae', 'vqvae', 'text_encoder', 'tokenizer', 'scheduler', ...IGNORED]
  const strange = listed.find(name => !known.includes(name))
  if (strange !== undefined)
    throw new EpdError(
      'model-invalid',
      `${folder}: its pipeline has a ${strange}, which is not supported; known are ${known.join(', ')}`
    )
  const placeOf = async (name: string) => ((await exists(join(folder, name))) ? join(folder, name) : folder)
  const has = (name: string) => listed.includes(name)
  const component = async (name: string) => (has(name) ? readComponent(await placeOf(name)) : undefined)
  const unet = await readComponent(index ? await placeOf('unet') : folder)
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
  return {
    ...{ unet, autoencoder, textEncoder, hasTokenizer: has('tokenizer') },
    scheduler: { config: schedulerConfig, file: schedulerFile, listed: classOf(index?.scheduler) },
    files: [schedulerFile, ...components.flatMap(({ file, weights }) => [file, ...weights])]
  }
}

/** The class in an entry of model_index.json, [library, class]. */
function classOf(entry: unknown): string | undefined {
  return Array.isArray(entry) && typeof entry[1] === 'string' ? entry[1] : undefined
}

/** The folder of one network: config.json and weights. @throws EpdError `checkpoint-missing`, `checkpoint-invalid` */
export async function readComponent(folder: string): Promise<Component> {
  const file = join(folder, 'config.json')
  const config = await readJson(file)
  if (!config)
    throw new EpdError(
      'checkpoint-missing',
      `${file}: there is no such file; a folder of diffusers has one for each network`
    )
  const { _class_name: ofDiffusers, architectures } = config
  const named = Array.isArray(architectures) ? String(architectures[0]) : ''
  const weights = await weightFiles(folder)
  return {
    className: typeof ofDiffusers === 'string' ? ofDiffusers : named,
    config,
    file,
    weights,
    async tensors() {
      const all = new Map<string, Tensor>()
      for (const path of weights) for (const [name, tensor] of await readTensors(path)) all.set(name, tensor)
      return all
    }
  }
}

/** SHA-256 of a network's config.json and weights. @throws EpdError `checkpoint-missing` */
export async function componentDigest({ file, weights }: Component): Promise<string> {
  return digestOf(await Promise.all([file, ...weights].map(fileDigest)))
}

/** In one file or in several with an index; safetensors rather than pickles, whole rather than half precision. */
async function weightFiles(folder: string): Promise<readonly string[]> {
  const names: readonly string[] = await readdir(folder).catch(() => [])
  for (const stem of ['diffusion_pytorch_model', 'model', 'pytorch_model'])
    for (const ending of ['safetensors', 'fp16.safetensors', 'bin']) {
      const name = `${stem}.${ending}`
      if (names.includes(name)) return [join(folder, name)]
      const index = await readJson(join(folder, `${name}.index.json`))
      if (index && isRecord(index.weight_map))
        return [...new Set(Object.values(index.weight_map).map(String))]
          .sort()
          .map(shard => join(folder, plainName(shard, folder)))
    }
  throw new EpdError(
    'checkpoint-missing',
    `${folder}: holds no weights; expected diffusion_pytorch_model.safetensors or model.safetensors`
  )
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
