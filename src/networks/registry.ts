import type { NetworkCheckpoint } from '../checkpoints/tensor.js'
import { argumentsOf } from './arguments.js'
import { DHARIWAL_UNET } from './dhariwal-unet.js'
import { UNET_2D_CONDITION_MODEL, UNET_2D_MODEL } from './diffusers-family.js'
import { UNET_MODEL } from './guided-family.js'
import type { Description, Network, NetworkFamily } from './network.js'
import { SONG_UNET } from './song-unet.js'

/** Every family of denoising networks. */
export const NETWORK_FAMILIES: readonly NetworkFamily[] = [
  SONG_UNET,
  DHARIWAL_UNET,
  UNET_MODEL,
  UNET_2D_MODEL,
  UNET_2D_CONDITION_MODEL
]

/**
 * The network that its arguments describe: those of an EDM preconditioning class, with EDM's defaults for what they
 * leave out, or those of the family that their `model_type` names.
 * @throws EpdError `model-invalid` that names an unknown family or a value of the wrong kind
 */
export function networkOf(
  kwargs: Readonly<Record<string, unknown>>,
  learnedVariance = false,
  families: readonly NetworkFamily[] = NETWORK_FAMILIES
): Network {
  const read = argumentsOf(kwargs, "the checkpoint's ")
  const names = families.map(({ name }) => name)
  const name = read.text('model_type', names, DHARIWAL_UNET.name)
  const family = families.find(each => each.name === name)
  if (!family) throw read.wrong('model_type', names.join(' or '))
  return family.describe(read, learnedVariance)
}

/**
 * The class and the arguments that a state dict tells; undefined where it is of no family that is told by its tensors.
 */
export function recognise(
  tensors: NetworkCheckpoint['tensors'],
  families: readonly NetworkFamily[] = NETWORK_FAMILIES
): Description | undefined {
  for (const family of families) {
    const found = family.recognise?.(tensors)
    if (found) return found
  }
  return undefined
}
