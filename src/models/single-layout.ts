import type { NetworkCheckpoint } from '../checkpoints/tensor.js'
import { EpdError } from '../errors.js'
import type { NetworkFamily } from '../networks/network.js'
import { recognise } from '../networks/registry.js'
import type { Shape } from './denoiser.js'
import { none, type Layout } from './layout.js'

/** A file of one network, whose class and arguments it names itself or its tensors tell. */
export const SINGLE: Layout = {
  name: 'one network',
  read(found, { shape }, families) {
    if (found.kind === 'folder') return undefined
    const { read, path } = found
    const { className, initKwargs, tensors } =
      'className' in read ? read : described(read.tensors, path, shape && sideOf(shape), families)
    const network = () => Promise.resolve(tensors)
    return Promise.resolve({ about: { className, initKwargs }, network, decoder: none, text: none })
  }
}

/** The side of a square sample. @throws EpdError `model-invalid` for any other */
export function sideOf([, height, width]: Shape): number {
  if (height === width) return height
  throw new EpdError('model-invalid', `shape is ${height} by ${width}; only square samples are supported`)
}

/** Adds the class and the arguments that a state dict alone does not name. @throws EpdError `model-invalid` */
function described(
  tensors: NetworkCheckpoint['tensors'],
  checkpoint: string,
  side: number | undefined,
  families: readonly NetworkFamily[]
): NetworkCheckpoint {
  const recognised = recognise(tensors, families)
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
