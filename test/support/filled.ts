import type { NetworkCheckpoint, Tensor } from '../../src/checkpoints/tensor.js'
import type { Recipe } from '../../src/engines/recipe.js'
import { recorder } from '../../src/engines/onnx/recorder.js'
import { hashUniform } from '../../src/random/hash-uniform.js'

/** Weights for a network without a checkpoint, of a size that keeps activations in bounds. */
export function filled({ build }: Recipe): NetworkCheckpoint['tensors'] {
  const tensors = new Map<string, Tensor>()
  const graph = recorder((name, shape) => {
    const data = new Uint8Array(valuesOf(name, shape).buffer)
    tensors.set(name, { kind: 'tensor', dtype: 'float32', shape, data })
    return data
  })
  build(graph)
  return tensors
}

/**
 * The made-up values of a tensor by its name. With u the hashed uniform of the name, -1 to 1: weights
 * u * sqrt(3 / inputs), scales and variances 1 + 0.1 u, all others 0.1 u.
 */
export function valuesOf(name: string, shape: readonly number[]): Float32Array<ArrayBuffer> {
  const count = shape.reduce((product, size) => product * size, 1)
  const uniform = hashUniform(name, 0, count)
  const scale = shape.length > 1 ? Math.sqrt((3 * shape[0]) / count) : 0.1
  const middle = shape.length === 1 && /(weight|\bvar|running_var)$/.test(name) ? 1 : 0
  const values = new Float32Array(count)
  for (let i = 0; i < count; i++) values[i] = scale * uniform[i] + middle
  return values
}
