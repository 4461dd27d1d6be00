import { describe, expect, it } from 'vitest'
import { toUint8 } from '../../src/images/uint8.js'
import type { Condition } from '../../src/models/denoiser.js'
import { noise } from '../../src/solvers/noise.js'
import { sampleImages } from '../../src/solvers/sample-images.js'
import { schedule } from '../../src/solvers/schedule.js'
import { solve } from '../../src/solvers/solve.js'
import { mixture, shape } from '../support/mixture.js'

const sigmas = schedule({ type: 'polynomial', rho: 7, numSteps: 5, model: mixture })
const solver = { name: 'heun' } as const
const seeds = [4, 5, 6, 7, 8]

/** The mixture as a model of classes, which notes those that it is asked for. */
function labelled() {
  const asked: (Condition | undefined)[] = []
  const denoise = (x: Float64Array, sigma: Float64Array, condition?: Condition) => {
    asked.push(condition)
    return mixture.denoise(x, sigma)
  }
  return { model: { ...mixture, labelDim: 10, denoise }, asked }
}

describe('sampleImages', () => {
  it('makes the bytes of what solve leads the noise of the seeds to', async () => {
    const { x } = noise(seeds, mixture, sigmas[0])
    const solution = await solve({ model: mixture, solver, x, sigmas })
    const { x: samples, nfe, evaluations } = solution
    expect(await sampleImages({ model: mixture, solver, sigmas, seeds })).toEqual({
      images: toUint8(samples, shape),
      shape,
      nfe,
      evaluations
    })
  })

  it('asks for the classes that the seeds draw, or for those that it is given', async () => {
    const drawn = labelled()
    await sampleImages({ model: drawn.model, solver, sigmas, seeds })
    expect(drawn.asked[0]).toEqual(noise(seeds, drawn.model, sigmas[0]).condition)
    const given = labelled()
    const labels = Int32Array.of(1, 2, 3, 4, 5)
    await sampleImages({ model: given.model, solver, sigmas, seeds, condition: { labels } })
    expect(given.asked.map(condition => condition?.labels)).toEqual(given.asked.map(() => labels))
  })

  it("has a latent model's decoder make the images, some at a time", async () => {
    const counts: number[] = []
    const decode = (latents: Float64Array, count: number) => {
      counts.push(count)
      return Promise.resolve(Float32Array.from({ length: count * 4 }, (_, i) => latents[Math.floor(i / 4) * 12]))
    }
    const decoder = { shape: [1, 2, 2], decode } as const
    const { x } = await solve({ model: mixture, solver, x: noise(seeds, mixture, sigmas[0]).x, sigmas })
    const { images, shape: size } = await sampleImages({ model: { ...mixture, decoder }, solver, sigmas, seeds })
    const first = Float64Array.from({ length: seeds.length * 4 }, (_, i) => Math.fround(x[Math.floor(i / 4) * 12]))
    expect(images).toEqual(toUint8(first, [1, 2, 2]))
    expect(size).toEqual([1, 2, 2])
    expect(counts).toEqual([4, 1])
  })
})
