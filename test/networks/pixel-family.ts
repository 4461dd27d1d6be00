import { pixelwise } from '../../src/networks/layers.js'
import type { NetworkFamily } from '../../src/networks/network.js'

/** A family of its own: each pixel's channels are mixed by a matrix, and the noise level is added. */
export const PIXEL_NETWORK: NetworkFamily = {
  name: 'PixelNetwork',
  describe(read) {
    const [side, inChannels] = [read.count('image_size'), read.count('in_channels')]
    return {
      architecture: 'PixelNetwork',
      size: [side, side],
      inChannels,
      labelDim: 0,
      bottleneckPixels: side ** 2,
      apply(ops, { x, noise }) {
        const mixed = pixelwise(ops, 'mix', x, inChannels, [1, 1])
        return { image: ops.add(mixed, ops.reshape(noise, [-1, 1, 1, 1])), bottleneck: mixed }
      }
    }
  },
  recognise(tensors) {
    const weight = tensors.get('mix.weight')
    if (!weight) return undefined
    return { className: 'PixelModel', initKwargs: { model_type: 'PixelNetwork', in_channels: weight.shape[0] } }
  }
}
