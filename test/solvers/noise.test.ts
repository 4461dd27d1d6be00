import { expect, it } from 'vitest'
import { latents } from '../../src/random/latents.js'
import { noise } from '../../src/solvers/noise.js'

const model = { shape: [3, 4, 4], labelDim: 0 } as const
const seeds = [3, 7]

it('multiplies latents by sigma, or so that a chain begins with the latents themselves', () => {
  const drawn = latents({ seeds, shape: model.shape })
  expect(noise(seeds, model, 8).x).toEqual(drawn.map(value => value * 8))
  const alpha = 1 / Math.sqrt(8 ** 2 + 1)
  noise(seeds, model, 8, 'torch-cpu', 'unit-variance').x.forEach((value, i) => {
    expect(alpha * value).toBeCloseTo(drawn[i], 14)
  })
})

it('draws the same classes whatever it multiplies by', () => {
  const classes = { ...model, labelDim: 10 }
  const [one, other] = (['sigma', 'unit-variance'] as const).map(scale => noise(seeds, classes, 8, 'torch-cpu', scale))
  expect(one.condition).toEqual(other.condition)
  expect(one.x).not.toEqual(other.x)
})
