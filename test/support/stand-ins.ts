import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { encodeSafetensors } from '../../src/checkpoints/safetensors.js'
import type { Tensor } from '../../src/checkpoints/tensor.js'
import { recorder } from '../../src/engines/onnx/recorder.js'
import type { Recipe } from '../../src/engines/recipe.js'
import { inceptionRecipe } from '../../src/metrics/inception.js'
import { encodeStatistics } from '../../src/metrics/reference.js'
import { denoisingRecipe } from '../../src/networks/network.js'
import { networkOf } from '../../src/networks/registry.js'

/** Weights of a network without a checkpoint, as a file: noise of a size that keeps activations in bounds. */
export function writeWeights(file: string, recipe: Recipe): void {
  const tensors = new Map<string, Tensor>()
  recipe.build(
    recorder((name, shape) => {
      const data = new Uint8Array(noise(name, shape).buffer)
      tensors.set(name, { kind: 'tensor', dtype: 'float32', shape, data })
      return data
    })
  )
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, encodeSafetensors(tensors, {}))
}

/** Statistics of features, uncorrelated, as an .npz. */
export function writeStatistics(file: string, dimensions: number): void {
  const mean = new Float64Array(dimensions).fill(0.5)
  const covariance = new Float64Array(dimensions * dimensions)
  for (let i = 0; i < dimensions; i++) covariance[i * dimensions + i] = 0.01
  writeFileSync(file, encodeStatistics({ mean, covariance }))
}

/** What specs/cifar10-nfe5.yaml downloads, in full size and with made-up weights, as files of a folder. */
export function writeCifar10(folder: string): void {
  const kwargs = {
    ...{ model_type: 'SongUNet', img_resolution: 32, img_channels: 3, model_channels: 128, channel_mult: [2, 2, 2] },
    ...{ num_blocks: 4, attn_resolutions: [16] }
  }
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ class_name: 'EDMPrecond', init_kwargs: kwargs }))
  writeWeights(join(folder, 'edm-cifar10-32x32-uncond-vp.pkl'), denoisingRecipe(networkOf(kwargs)))
  writeWeights(join(folder, 'pt_inception-2015-12-05-6726825d.pth'), inceptionRecipe([32, 32], 'tensorflow'))
  writeStatistics(join(folder, 'cifar10-32x32.npz'), 2048)
}

function noise(name: string, shape: readonly number[]): Float32Array<ArrayBuffer> {
  const count = shape.reduce((product, size) => product * size, 1)
  const values = new Float32Array(count)
  if (shape.length === 1) return values.fill(/weight$|running_var$/.test(name) ? 1 : 0)
  const scale = Math.sqrt((12 * shape[0]) / count)
  let state = 1
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    values[i] = scale * (state / 2 ** 32 - 0.5)
  }
  return values
}
