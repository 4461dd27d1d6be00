import { describe, expect, it } from 'vitest'
import type { Tensor } from '../../src/checkpoints/tensor.js'
import { denoisingRecipe } from '../../src/networks/network.js'
import { networkOf, recognise } from '../../src/networks/registry.js'
import { parametersOf } from './reference.js'

const published: Record<string, { kwargs: Record<string, unknown>; className: string; millions?: number }> = {
  'guided-diffusion, ImageNet 256': {
    kwargs: {
      ...{ image_size: 256, model_channels: 256, channel_mult: [1, 1, 2, 2, 4, 4], num_res_blocks: 2, out_channels: 6 },
      ...{ attention_resolutions: [8, 16, 32], num_classes: 1000, num_head_channels: 64, resblock_updown: true }
    },
    className: 'GuidedDiffusion',
    millions: 554
  },
  'guided-diffusion, ImageNet 64': {
    kwargs: {
      ...{ image_size: 64, model_channels: 192, channel_mult: [1, 2, 3, 4], num_res_blocks: 3, out_channels: 6 },
      ...{ attention_resolutions: [2, 4, 8], num_classes: 1000, num_head_channels: 64, resblock_updown: true }
    },
    className: 'GuidedDiffusion',
    millions: 296
  },
  'consistency models, LSUN Bedroom 256': {
    kwargs: {
      ...{ image_size: 256, model_channels: 256, channel_mult: [1, 1, 2, 2, 4, 4], num_res_blocks: 2, out_channels: 3 },
      ...{ attention_resolutions: [8, 16, 32], num_head_channels: 64, resblock_updown: true, flat_attention: false }
    },
    className: 'KarrasDenoiser'
  },
  'one that resamples by convolutions and only shifts': {
    kwargs: {
      ...{
        image_size: 128,
        model_channels: 64,
        channel_mult: [1, 1, 2, 3, 4],
        num_res_blocks: 1,
        num_head_channels: 64
      },
      ...{ attention_resolutions: [16], use_scale_shift_norm: false }
    },
    className: 'GuidedDiffusion'
  }
}

function parameters(kwargs: Record<string, unknown>) {
  return parametersOf(denoisingRecipe(networkOf({ model_type: 'UNetModel', ...kwargs })))
}

const tensorsOf = (shapes: Record<string, readonly number[]>) =>
  new Map<string, Tensor>(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      { kind: 'tensor', dtype: 'float32', shape, data: Buffer.alloc(0) }
    ])
  )

describe.each(Object.entries(published))('%s', (_, { kwargs, className }) => {
  const shapes = parameters(kwargs)
  const recognised = recognise(tensorsOf(shapes))!

  it('is recognised from its tensors, to the last argument', () => {
    expect(recognised.className).toBe(className)
    expect(recognised.initKwargs).toMatchObject(kwargs)
    expect(parameters(recognised.initKwargs)).toEqual(shapes)
  })
})

it.each(Object.entries(published).filter(([, { millions }]) => millions))(
  '%s has as many millions of parameters as its paper says: $millions',
  (_, { kwargs, millions }) => {
    const sizes = Object.values(parameters(kwargs)).map(shape => shape.reduce((all, size) => all * size, 1))
    expect(Math.round(sizes.reduce((sum, size) => sum + size, 0) / 1e6)).toBe(millions)
  }
)

it('tensors of another network are not recognised', () => {
  expect(recognise(tensorsOf({ 'fc.weight': [1, 2] }))).toBeUndefined()
})
