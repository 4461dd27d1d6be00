import { readDiffusers, type DiffusersFolder } from '../checkpoints/diffusers.js'
import { EpdError } from '../errors.js'
import {
  autoencoderConfig,
  autoencoderTensors,
  clipTextConfig,
  clipTextTensors,
  unetArguments,
  unetTensors
} from '../networks/diffusers.js'
import type { Size } from '../networks/network.js'
import { none, type Layout, type Parts, type PartsOptions } from './layout.js'
import { readScheduler } from './schedulers.js'

/** A folder of Hugging Face's diffusers: a pipeline, or one network with its scheduler. */
export const DIFFUSERS: Layout = {
  name: 'diffusers',
  read: (found, options) => (found.kind === 'folder' ? readFolder(found.folder, options) : undefined)
}

async function readFolder(folder: string, { variant, shape, weights }: PartsOptions): Promise<Parts> {
  if (weights !== undefined)
    throw new EpdError(
      'model-invalid',
      `${folder}: is a folder, and weights: ${weights} is for files that hold several networks`
    )
  const found = await readDiffusers(folder, { variant })
  const { sample_size: own = null } = found.unet.config
  return partsOf(found, folder, own === null && shape ? [shape[1], shape[2]] : undefined)
}

function partsOf(
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
