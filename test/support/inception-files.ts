import type { NetworkCheckpoint, Tensor } from '../../src/checkpoints/tensor.js'
import type { Raster } from '../../src/images/raster.js'
import { hashUniform } from '../../src/random/hash-uniform.js'
import { valuesOf } from './filled.js'
import { fixture } from './fixture.js'

/**
 * Inception-v3 under the names of NVIDIA's inception-2015-12-05. Weights of convolutions are sqrt(2) times those of the
 * fill rule, so that what images differ by does not fade from layer to layer (He et al. 2015, arXiv 1502.01852).
 */
export function nvidiaInception(): NetworkCheckpoint['tensors'] {
  const shapes = fixture<Record<string, number[]>>('networks/inception-2015-12-05.json')
  return new Map<string, Tensor>(
    Object.entries(shapes).map(([name, shape]) => {
      const gain = shape.length === 4 ? Math.SQRT2 : 1
      const data = new Uint8Array(valuesOf(name, shape).map(value => gain * value).buffer)
      return [name, { kind: 'tensor', dtype: 'float32', shape, data }]
    })
  )
}

/** Sets of images that a Fréchet distance compares: the amplitude of their waves, as a part of what pixels can hold. */
const SETS = { first: 0.3, second: 0.5 } as const

/** Image i of a set, size x size pixels: waves of random colours, directions and lengths. */
export function waves(set: keyof typeof SETS, i: number, size: number): Raster {
  const data = new Uint8Array(size * size * 3)
  for (let channel = 0; channel < 3; channel++) {
    const [level, ...numbers] = hashUniform(`${set} ${i} ${channel}`, 0, 13)
    for (let pixel = 0; pixel < size * size; pixel++) {
      const [y, x] = [Math.floor(pixel / size) / size, (pixel % size) / size]
      let value = level / 2
      for (let n = 0; n < numbers.length; n += 4) {
        const phase = 20 * (numbers[n + 1] * x + numbers[n + 2] * y) + 3 * numbers[n + 3]
        value += SETS[set] * numbers[n] * Math.cos(phase)
      }
      data[3 * pixel + channel] = Math.min(Math.max(Math.round(128 + 127 * value), 0), 255)
    }
  }
  return { width: size, height: size, channels: 3, data }
}
