import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileDigest } from '../checkpoints/checkpoint.js'
import { latentStates, readLatentConfig, settingsText, type LatentStates } from '../checkpoints/compvis.js'
import { folderOf, readDiffusers, type DiffusersFolder } from '../checkpoints/diffusers.js'
import { checkpointDigest, readNetworkCheckpoint } from '../checkpoints/network.js'
import type { NetworkCheckpoint } from '../checkpoints/tensor.js'
import { EpdError } from '../errors.js'
import type { DecoderConfig } from '../networks/autoencoder.js'
import type { ClipTextConfig } from '../networks/clip.js'
import {
  autoencoderConfig,
  autoencoderTensors,
  clipTextConfig,
  clipTextTensors,
  unetArguments,
  unetTensors
} from '../networks/diffusers.js'
import type { Size } from '../networks/network.js'
import { recogniseDecoder } from '../networks/autoencoder.js'
import { recogniseClipText } from '../networks/clip.js'
import { recogniseLatentUnet } from '../networks/guided-family.js'
import { recognise } from '../networks/registry.js'
import type { Shape } from './denoiser.js'
import { latentSettings } from './latent-settings.js'
import { readScheduler, type SchedulerSampling } from './schedulers.js'

type Tensors = NetworkCheckpoint['tensors']

/** What a checkpoint says of its networks, as plain data. */
export interface PartsAbout {
  readonly className: string
  readonly initKwargs: Readonly<Record<string, unknown>>
  /** Latents are divided by `scale` before they are decoded. */
  readonly decoder?: { readonly config: DecoderConfig; readonly scale: number }
  readonly text?: ClipTextConfig
  /** How the scheduler that it came with bounds each denoised image. */
  readonly sampling?: SchedulerSampling
}

/** The networks of a checkpoint. */
export interface Parts {
  readonly about: PartsAbout
  readonly network: () => Promise<Tensors>
  readonly decoder: () => Promise<Tensors>
  readonly text: () => Promise<Tensors>
}

/** What of a checkpoint is read, where it leaves a choice. */
export interface PartsOptions {
  /** Which weights of a folder of diffusers, as its files name them: fp16, bf16, non_ema, ...; default: those without a name, or fp16. */
  readonly variant?: string
  /** Size of a sample, where the checkpoint does not fix it. */
  readonly shape?: Shape
  /** Which network of a file that holds several: the key that leads to it, or what its tensors' names begin with. */
  readonly weights?: string
}

/** Changes with what a checkpoint is read as, so that nothing compiled of an earlier reading is used. */
const READING = 2

/** SHA-256 of all that readParts reads. @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `model-invalid` */
export async function partsDigest(path: string, { variant, shape, weights }: PartsOptions = {}): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([READING, shape ?? null, weights ?? null]))
  const folder = await folderOf(path)
  if (folder === undefined) {
    if (variant !== undefined)
      throw new EpdError('model-invalid', `${path}: is one file; only a folder of diffusers has a variant (${variant})`)
    hash.update(await checkpointDigest(path)).update((await settingsText(path)).text ?? '')
    return hash.digest('hex')
  }
  for (const file of (await readDiffusers(folder, { variant })).files) hash.update(await fileDigest(file))
  return hash.digest('hex')
}

/**
 * The networks of a checkpoint: a file as readNetworkCheckpoint takes it, one of CompVis's latent diffusion or Stable Diffusion (.ckpt,
 * alone or in a .zip, or .safetensors), or a folder of diffusers. `weights`: which of a file's networks.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `model-invalid`
 */
export async function readParts(path: string, options: PartsOptions = {}): Promise<Parts> {
  const folder = await folderOf(path)
  const parts = folder === undefined ? await ofFile(path, options) : await ofFolder(folder, options)
  checkShape(parts.about.initKwargs, options.shape, path)
  return parts
}

async function ofFile(path: string, { shape, weights }: PartsOptions): Promise<Parts> {
  const read = await readNetworkCheckpoint(path, { weights, isTold: tensors => recognise(tensors) !== undefined })
  const side = shape && sideOf(shape)
  const states = 'className' in read ? undefined : latentStates(read.tensors)
  if (states) return ofCompVis(states, path, side)
  const { className, initKwargs, tensors } = 'className' in read ? read : described(read.tensors, path, side)
  return { about: { className, initKwargs }, network: () => Promise.resolve(tensors), decoder: none, text: none }
}

async function ofFolder(folder: string, { variant, shape, weights }: PartsOptions): Promise<Parts> {
  if (weights !== undefined)
    throw new EpdError(
      'model-invalid',
      `${folder}: is a folder, and weights: ${weights} is for files that hold several networks`
    )
  const found = await readDiffusers(folder, { variant })
  const { sample_size: own = null } = found.unet.config
  return ofDiffusers(found, folder, own === null && shape ? [shape[1], shape[2]] : undefined)
}

function sideOf([, height, width]: Shape): number {
  if (height === width) return height
  throw new EpdError('model-invalid', `shape is ${height} by ${width}; only square samples are supported`)
}

/** A size that a user names must be the checkpoint's own where that has one. */
function checkShape(kwargs: Readonly<Record<string, unknown>>, shape: Shape | undefined, path: string): void {
  if (!shape) return
  const channels = kwargs.in_channels ?? kwargs.img_channels
  const side = kwargs.image_size ?? kwargs.img_resolution
  const { sample_size: sides }: Readonly<Record<string, unknown>> = kwargs
  const own: readonly unknown[] = [channels].concat(Array.isArray(sides) ? sides : [side, side])
  if (channels === undefined || own.every((size, axis) => size === shape[axis])) return
  throw new EpdError(
    'model-invalid',
    `${path}: its samples are of shape ${JSON.stringify(own)}, but shape is ${JSON.stringify(shape)}`
  )
}

/** With the class and arguments that a state dict alone does not name. */
function described(tensors: Tensors, checkpoint: string, side: number | undefined): NetworkCheckpoint {
  const recognised = recognise(tensors)
  const wayOut = 'put a config.json with class_name and init_kwargs beside it'
  if (!recognised)
    throw new EpdError('model-invalid', `${checkpoint}: its tensors are of no network that is known; ${wayOut}`)
  const { initKwargs } = recognised
  const imageSize = initKwargs.image_size ?? side
  if (imageSize === undefined)
    throw new EpdError(
      'model-invalid',
      `${checkpoint}: its tensors do not tell the size of its images; name it in the model's shape, or ${wayOut}`
    )
  return { ...recognised, initKwargs: { ...initKwargs, image_size: imageSize }, tensors }
}

/** The folder of a checkpoint's tokeniser: `tokenizer` in its folder, or that folder itself. */
export async function tokenizerOf(path: string): Promise<string> {
  const folder = (await folderOf(path)) ?? dirname(path)
  const own = join(folder, 'tokenizer')
  return existsSync(own) ? own : folder
}

const none = () => Promise.resolve<Tensors>(new Map())

async function ofCompVis(states: LatentStates, path: string, asked: number | undefined): Promise<Parts> {
  const unet = recogniseLatentUnet(states.unet)
  if (!unet) throw new EpdError('model-invalid', `${path}: model.diffusion_model is no UNetModel`)
  if (unet.in_channels !== unet.out_channels)
    throw new EpdError(
      'model-invalid',
      `${path}: its U-Net's in_channels are ${String(unet.in_channels)}, but it answers ${String(unet.out_channels)}; networks that are given more than a noisy image (inpainting) are not supported`
    )
  const text = states.text.size > 0 ? recogniseClipText(states.text) : undefined
  const codes = states.firstStage.get('quantize.embedding.weight')?.shape[0]
  const facts = { states, unet, tokens: text?.tokens, codes, path, side: asked }
  const { averages, heads, side, betas, predicts, scale } = latentSettings(facts, await readLatentConfig(path))
  const config = states.firstStage.size > 0 ? recogniseDecoder(states.firstStage, [side, side]) : undefined
  return {
    about: {
      className: 'Stepwise',
      initKwargs: { ...unet, ...heads, image_size: side, context_tokens: text?.tokens, betas, predicts },
      decoder: config && { config, scale },
      text
    },
    network: () => Promise.resolve(averages ? states.unet : states.trained),
    decoder: () => Promise.resolve(states.firstStage),
    text: () => Promise.resolve(states.text)
  }
}

function ofDiffusers(
  { unet, autoencoder, textEncoder, hasTokenizer, scheduler }: DiffusersFolder,
  folder: string,
  size: Size | undefined
): Parts {
  const conditional = unet.className === 'UNet2DConditionModel'
  if (conditional && !(textEncoder && hasTokenizer))
    throw new EpdError(
      'checkpoint-missing',
      `${folder}: its UNet2DConditionModel needs a text_encoder and a tokenizer beside it, named by model_index.json`
    )
  const text = textEncoder && clipTextConfig(textEncoder)
  const initKwargs = unetArguments(unet, text?.tokens ?? 0, size)
  const scheduled = readScheduler(scheduler)
  return {
    about: {
      className: scheduled.className,
      initKwargs: { ...initKwargs, ...scheduled.initKwargs },
      sampling: scheduled.sampling,
      decoder: autoencoder && autoencoderConfig(autoencoder, initKwargs.sample_size),
      text
    },
    network: async () => unetTensors(await unet.tensors()),
    decoder: async () => (autoencoder ? autoencoderTensors(await autoencoder.tensors()) : none()),
    text: async () => (textEncoder ? clipTextTensors(await textEncoder.tensors()) : none())
  }
}
