import type { Recipe } from '../engines/onnx/compile.js'
import { inceptionV3, type InceptionInput } from '../networks/inception-v3.js'

/** Inception-v3 for images of a size, [batch, 3, height, width] as `x`. */
export function inceptionRecipe(
  [height, width]: readonly [height: number, width: number],
  input: InceptionInput
): Recipe {
  return {
    name: 'Inception-v3',
    build: graph => inceptionV3(graph.ops, graph.input('x', [-1, 3, height, width]), input),
    // The classifier behind the features, and counts of training.
    ignores: tensor => tensor.startsWith('fc.') || tensor.endsWith('.num_batches_tracked')
  }
}
