import { latentStates, readLatentConfig, type LatentStates } from '../checkpoints/compvis.js'
import { EpdError } from '../errors.js'
import { recogniseDecoder } from '../networks/autoencoder.js'
import { recogniseClipText } from '../networks/clip.js'
import { recogniseLatentUnet } from '../networks/guided-family.js'
import { latentSettings } from './latent-settings.js'
import type { Layout, Parts } from './layout.js'
import { sideOf } from './single-layout.js'

/**
 * A file of all networks of a latent diffusion model, as CompVis's latent diffusion and Stable Diffusion 1 are
 * published.
 */
export const COMPVIS: Layout = {
  name: 'CompVis',
  read(found, { shape }) {
    if (found.kind === 'folder' || 'className' in found.read) return undefined
    const side = shape && sideOf(shape)
    const states = latentStates(found.read.tensors)
    return states && partsOf(states, found.path, side)
  }
}

async function partsOf(states: LatentStates, path: string, asked: number | undefined): Promise<Parts> {
  const unet = recogniseLatentUnet(states.unet)
  if (!unet) throw new EpdError('model-invalid', `${path}: model.diffusion_model is no UNetModel`)
  if (unet.in_channels !== unet.out_channels)
    throw new EpdError(
      'model-invalid',
      `${path}: its U-Net's in_channels are ${JSON.stringify(unet.in_channels)}, but it answers ` +
        `${JSON.stringify(unet.out_channels)}; networks that are given more than a noisy image (inpainting) are not supported`
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
