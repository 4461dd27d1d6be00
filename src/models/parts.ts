import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileDigest } from '../checkpoints/checkpoint.js'
import { latentStates, readLatentSettings, settingsText, type LatentStates } from '../checkpoints/compvis.js'
import { folderOf, readDiffusers, type DiffusersFolder } from '../checkpoints/diffusers.js'
import { checkpointDigest, readNetworkCheckpoint } from '../checkpoints/network.js'
import { toFloat32, type NetworkCheckpoint } from '../checkpoints/tensor.js'
import { EpdError } from '../errors.js'
import type { DecoderConfig } from '../networks/autoencoder.js'
import type { ClipTextConfig } from '../networks/clip.js'
import {
  autoencoderConfig,
  autoencoderTensors,
  clipTextConfig,
  unetArguments,
  unetTensors
} from '../networks/diffusers.js'
import { recognise, recogniseClipText, recogniseDecoder, recogniseLatentUnet } from '../networks/recognise.js'
import type { Betas, Prediction } from './parametrisation.js'

type Tensors = NetworkCheckpoint['tensors']

/** What a checkpoint says of its networks, as plain data. */
export interface PartsAbout {
  readonly className: string
  readonly initKwargs: Readonly<Record<string, unknown>>
  /** Latents are divided by `scale` before they are decoded. */
  readonly decoder?: { readonly config: DecoderConfig; readonly scale: number }
  readonly text?: ClipTextConfig
}

/** The networks of a checkpoint. */
export interface Parts {
  readonly about: PartsAbout
  readonly network: () => Promise<Tensors>
  readonly decoder: () => Promise<Tensors>
  readonly text: () => Promise<Tensors>
}

/** SHA-256 of all that readParts reads. @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `model-invalid` */
export async function partsDigest(path: string): Promise<string> {
  const hash = createHash('sha256')
  const folder = await folderOf(path)
  if (folder === undefined) {
    hash.update(await checkpointDigest(path)).update((await settingsText(path)).text ?? '')
    return hash.digest('hex')
  }
  for (const file of (await readDiffusers(folder)).files) hash.update(await fileDigest(file))
  return hash.digest('hex')
}

/**
 * The networks of a checkpoint: a file as readNetworkCheckpoint takes it, one of CompVis's latent diffusion or Stable Diffusion (.ckpt,
 * alone or in a .zip, or .safetensors), or a folder of diffusers.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `model-invalid`
 */
export async function readParts(path: string): Promise<Parts> {
  const folder = await folderOf(path)
  if (folder !== undefined) return ofDiffusers(await readDiffusers(folder), folder)
  const read = await readNetworkCheckpoint(path)
  const states = 'className' in read ? undefined : latentStates(read.tensors)
  if (states) return ofCompVis(states, path)
  const { className, initKwargs, tensors } = 'className' in read ? read : described(read.tensors, path)
  return { about: { className, initKwargs }, network: () => Promise.resolve(tensors), decoder: none, text: none }
}

/** With the class and arguments that a state dict alone does not name. */
function described(tensors: Tensors, checkpoint: string): NetworkCheckpoint {
  const recognised = recognise(tensors)
  const wayOut = 'put a config.json with class_name and init_kwargs beside it'
  if (!recognised)
    throw new EpdError('model-invalid', `${checkpoint}: its tensors are of no network that is known; ${wayOut}`)
  if (recognised.initKwargs.image_size === undefined)
    throw new EpdError('model-invalid', `${checkpoint}: its tensors do not tell the size of its images; ${wayOut}`)
  return { ...recognised, tensors }
}

/** The folder of a checkpoint's tokeniser: `tokenizer` in its folder, or that folder itself. */
export async function tokenizerOf(path: string): Promise<string> {
  const folder = (await folderOf(path)) ?? dirname(path)
  const own = join(folder, 'tokenizer')
  return existsSync(own) ? own : folder
}

/** The settings of a folder's scheduler as diffusers has them; undefined for anything but a folder. */
export async function schedulerOf(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const folder = await folderOf(path)
  return folder === undefined ? undefined : (await readDiffusers(folder)).scheduler
}

const none = () => Promise.resolve<Tensors>(new Map())

/** alpha^2 of Stable Diffusion v1; latent diffusion without words has other betas, which its files hold. */
const STABLE = { start: 0.00085, end: 0.012 }
const LATENT = { start: 0.0015, end: 0.0195 }
/** What CompVis's KL latents are multiplied by; its VQ latents are not. */
const KL_SCALE = 0.18215

async function ofCompVis(states: LatentStates, path: string): Promise<Parts> {
  const recognised = recogniseLatentUnet(states.unet)
  if (!recognised) throw new EpdError('model-invalid', `${path}: model.diffusion_model is no UNetModel`)
  const { unet, ...settings } = await readLatentSettings(path)
  const initKwargs = { ...recognised, ...defined(unet, ['num_heads', 'num_head_channels', 'image_size']) }
  const side = Number(settings.image_size ?? initKwargs.image_size)
  const prompted = states.text.size > 0
  const { start, end } = prompted ? STABLE : LATENT
  const betas: Betas = states.alphaBars
    ? { alphaBars: [...toFloat32(states.alphaBars)] }
    : {
        ...{ schedule: 'scaled-linear', steps: Number(settings.timesteps ?? 1000) },
        ...{ start: Number(settings.linear_start ?? start), end: Number(settings.linear_end ?? end) }
      }
  const text = prompted ? recogniseClipText(states.text) : undefined
  const config = states.firstStage.size > 0 ? recogniseDecoder(states.firstStage, [side, side]) : undefined
  const given = settings.scale_factor ?? (states.scaleFactor && toFloat32(states.scaleFactor)[0])
  const scale = Number(given ?? (config?.codes === undefined ? KL_SCALE : 1))
  const predicts: Prediction =
    settings.parameterization === 'v' ? 'v' : settings.parameterization === 'x0' ? 'x0' : 'epsilon'
  return {
    about: {
      className: 'Stepwise',
      initKwargs: { ...initKwargs, image_size: side, context_tokens: text?.tokens, betas, predicts },
      decoder: config && { config, scale },
      text
    },
    network: () => Promise.resolve(states.unet),
    decoder: () => Promise.resolve(states.firstStage),
    text: () => Promise.resolve(states.text)
  }
}

function defined(values: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    names.flatMap(name => (values[name] === undefined || values[name] === -1 ? [] : [[name, values[name]]]))
  )
}

function ofDiffusers(
  { unet, autoencoder, textEncoder, hasTokenizer, scheduler }: DiffusersFolder,
  folder: string
): Parts {
  const conditional = unet.className === 'UNet2DConditionModel'
  if (conditional && !(textEncoder && hasTokenizer))
    throw new EpdError(
      'checkpoint-missing',
      `${folder}: its UNet2DConditionModel needs a text_encoder and a tokenizer beside it, named by model_index.json`
    )
  const text = textEncoder && clipTextConfig(textEncoder)
  const initKwargs = unetArguments(unet, text?.tokens ?? 0)
  const side = Number(initKwargs.image_size)
  return {
    about: {
      className: 'Stepwise',
      initKwargs: { ...initKwargs, ...chainOf(scheduler, folder) },
      decoder: autoencoder && autoencoderConfig(autoencoder, [side, side]),
      text
    },
    network: async () => unetTensors(unet, await unet.tensors()),
    decoder: async () => (autoencoder ? autoencoderTensors(autoencoder, await autoencoder.tensors()) : none()),
    text: async () => (textEncoder ? textEncoder.tensors() : none())
  }
}

/** What a scheduler_config.json says of the noise that a network was trained on. */
function chainOf(scheduler: DiffusersFolder['scheduler'], folder: string): { betas: Betas; predicts: Prediction } {
  const unsupported = (name: string) =>
    new EpdError(
      'model-invalid',
      `${folder}: its scheduler's ${name} is ${JSON.stringify(scheduler[name])}, which is not supported`
    )
  const steps = Number(scheduler.num_train_timesteps ?? 1000)
  const { beta_schedule: shape = 'linear', prediction_type: type = 'epsilon', trained_betas: trained } = scheduler
  const predictions = new Map<unknown, Prediction>([
    ['epsilon', 'epsilon'],
    ['v_prediction', 'v'],
    ['sample', 'x0']
  ])
  const predicts = predictions.get(type)
  if (!predicts) throw unsupported('prediction_type')
  if (scheduler.rescale_betas_zero_snr === true) throw unsupported('rescale_betas_zero_snr')
  if (Array.isArray(trained)) {
    let product = 1
    return { predicts, betas: { alphaBars: trained.map(beta => (product *= 1 - Number(beta))) } }
  }
  if (shape === 'squaredcos_cap_v2') return { predicts, betas: { schedule: 'cosine', steps } }
  const schedule = shape === 'linear' ? 'linear' : shape === 'scaled_linear' ? 'scaled-linear' : undefined
  if (!schedule) throw unsupported('beta_schedule')
  const { beta_start: start = 1e-4, beta_end: end = 0.02 } = scheduler
  return { predicts, betas: { schedule, start: Number(start), end: Number(end), steps } }
}
