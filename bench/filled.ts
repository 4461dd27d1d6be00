import type { NetworkCheckpoint, Tensor } from '../src/checkpoints/tensor.js'
import { recorder } from '../src/engines/onnx/recorder.js'
import { apply, type Network } from '../src/networks/network.js'
import { hashUniform } from '../src/random/hash-uniform.js'

/** Weights for a network without a checkpoint, of a size that keeps activations in bounds. */
export function filled(network: Network): NetworkCheckpoint['tensors'] {
  const tensors = new Map<string, Tensor>()
  const graph = recorder((name, shape) => {
    const data = new Uint8Array(values(name, shape).buffer)
    tensors.set(name, { kind: 'tensor', dtype: 'float32', shape, data })
    return data
  })
  const { inChannels, resolution, labelDim } = network
  apply(graph.ops, network, {
    x: graph.input('x', [-1, inChannels, resolution, resolution]),
    noise: graph.input('noise', [-1, 1]),
    labels: labelDim > 0 ? graph.input('labels', [-1, labelDim]) : undefined
  })
  return tensors
}

function values(name: string, shape: readonly number[]): Float32Array<ArrayBuffer> {
  const count = shape.reduce((product, size) => product * size, 1)
  const uniform = hashUniform(name, 0, count)
  if (shape.length > 1) return Float32Array.from(uniform, value => value * Math.sqrt((3 * shape[0]) / count))
  return Float32Array.from(uniform, value => 0.1 * value + (name.endsWith('weight') ? 1 : 0))
}
