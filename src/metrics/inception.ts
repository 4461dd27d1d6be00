import { digestOf } from '../checkpoints/digest.js'
import { fileDigest, readCheckpoint } from '../checkpoints/checkpoint.js'
import { readUnchanged } from '../checkpoints/unchanged.js'
import { moduleTensors, stateDictOf } from '../checkpoints/module-state.js'
import type { StateDict } from '../checkpoints/network.js'
import type { Recipe } from '../engines/recipe.js'
import { EpdError } from '../errors.js'
import type { InceptionInput } from '../networks/inception-inputs.js'
import { inceptionTensors } from '../networks/inception-names.js'
import { FEATURES, inceptionV3 } from '../networks/inception-v3.js'
import type { FeatureLooker } from './feature-network.js'
import { openLooker } from './looking.js'
import type { LookingOptions } from './runner.js'

/** Inception-v3 by its weights, and the images that it is to look at. */
export interface InceptionOptions extends LookingOptions {
  /** Path of the weights as pytorch-fid publishes them, or as NVIDIA. */
  readonly weights: string
  readonly preparation: InceptionInput
  /** The height and width of the images, in pixels. */
  readonly size: readonly [height: number, width: number]
}

/** The network whose features FID, KID, precision and recall compare; an image has 2,048. */
export type Inception = FeatureLooker

/**
 * Opens Inception-v3 (Szegedy et al. 2015, arXiv 1512.00567) with the weights that FID is defined by.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `model-invalid`, `engine-failed`
 */
export async function openInception(options: InceptionOptions): Promise<Inception> {
  const { weights, preparation, size } = options
  const digest = await fileDigest(weights)
  const tensors = () =>
    readUnchanged(
      weights,
      digest,
      () => fileDigest(weights),
      () => tensorsOf(weights)
    )
  return openLooker(
    {
      looker: 'inception',
      source: {
        recipe: inceptionRecipe(size, preparation),
        tensors,
        content: digestOf(['inception', preparation, size, digest])
      },
      size,
      channels: 3,
      answers: [FEATURES],
      ofByte: value => value,
      ofSample: value => Math.min(Math.max(127.5 * value + 128, 0), 255)
    },
    options
  )
}

/** Inception-v3 for images of a size, [batch, 3, height, width] as `x`. */
export function inceptionRecipe([height, width]: InceptionOptions['size'], preparation: InceptionInput): Recipe {
  return {
    name: 'Inception-v3',
    build: graph => [inceptionV3(graph.ops, graph.input('x', [-1, 3, height, width]), preparation)],
    // The classifier behind the features, and counts of training.
    ignores: tensor => /^(fc|output)\.|\.num_batches_tracked$/.test(tensor)
  }
}

async function tensorsOf(path: string): Promise<StateDict['tensors']> {
  const tree = await readCheckpoint(path)
  const tensors = inceptionTensors(stateDictOf(tree) ?? moduleTensors(tree, path) ?? new Map())
  if (tensors) return tensors
  throw new EpdError(
    'checkpoint-invalid',
    `${path}: holds no Inception-v3 of 2015; expected pytorch-fid's pt_inception-2015-12-05-6726825d.pth or NVIDIA's inception-2015-12-05.pkl`
  )
}
