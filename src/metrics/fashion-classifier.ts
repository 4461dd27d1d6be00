import { digestOf } from '../checkpoints/digest.js'
import { readCheckpoint } from '../checkpoints/checkpoint.js'
import { stateDictOf } from '../checkpoints/module-state.js'
import { readUnchanged } from '../checkpoints/unchanged.js'
import type { Recipe } from '../engines/recipe.js'
import { EpdError } from '../errors.js'
import { FASHION_CLASSES, FASHION_FEATURES, FASHION_SIDE, fashionClassifier } from '../networks/fashion-classifier.js'
import { soundFile } from './embedded.js'
import { CLASSIFIER } from './fashion28.js'
import { openLooker, type OpenLooker } from './looking.js'
import type { LookingOptions } from './runner.js'

/** The embedded classifier of Fashion-MNIST, running. */
export interface FashionClassifier extends OpenLooker {
  /** The class that each image [28, 28, 1] is put into, 0 to 9; images: [count, 28, 28, 1], 0 to 255. */
  classes(images: Uint8Array, count: number): Promise<Int32Array>
}

/**
 * Opens the classifier whose weights come with the project.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `engine-failed`
 */
export async function openFashionClassifier(options: LookingOptions): Promise<FashionClassifier> {
  const path = await soundFile(CLASSIFIER)
  const looker = await openLooker(
    {
      looker: 'fashion28',
      source: {
        recipe: fashionClassifierRecipe(),
        content: digestOf(['fashion28', CLASSIFIER.digest]),
        tensors: () =>
          readUnchanged(
            path,
            CLASSIFIER.digest,
            async () => (await soundFile(CLASSIFIER), CLASSIFIER.digest),
            () => tensorsOf(path)
          )
      },
      size: [FASHION_SIDE, FASHION_SIDE],
      channels: 1,
      answers: [FASHION_FEATURES, FASHION_CLASSES],
      ofByte: value => value / 127.5 - 1,
      ofSample: value => Math.min(Math.max(value, -1), 1)
    },
    options
  )
  return {
    ...looker,
    async classes(images, count) {
      const [, logits] = await looker.answers(images, count)
      return Int32Array.from({ length: count }, (_, image) => largest(logits, image))
    }
  }
}

/** The classifier as a network with the input `x`, [batch, 1, 28, 28] from -1 to 1: features and logits. */
export function fashionClassifierRecipe(): Recipe {
  return {
    name: 'the classifier of fashion28',
    build(graph) {
      const x = graph.input('x', [-1, 1, FASHION_SIDE, FASHION_SIDE])
      const { features, logits } = fashionClassifier(graph.ops, x)
      return [features, logits]
    }
  }
}

/** The place of the largest logit of an image, the first of equals. */
function largest(logits: Float32Array, image: number): number {
  const own = logits.subarray(image * FASHION_CLASSES, (image + 1) * FASHION_CLASSES)
  return own.indexOf(Math.max(...own))
}

async function tensorsOf(path: string) {
  const found = stateDictOf(await readCheckpoint(path))
  if (found) return found
  throw new EpdError('checkpoint-invalid', `${path}: holds no state dict`)
}
