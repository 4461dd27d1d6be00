import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { latents } from '../../src/random/latents.js'
import { openModel, type Model } from '../../src/models/open.js'
import { solve } from '../../src/solvers/solve.js'
import { schedule } from '../../src/solvers/schedule.js'
import { largestDifference } from '../networks/reference.js'
import { LATENT, SIDE, STABLE, writeCompVis, writeDiffusers } from './latent.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-latent-'))
const cacheDir = join(folder, 'cache')
const at = (name: string) => join(folder, name)
const PROMPTS = ['a cat', 'A  dog!', '']

const single = writeCompVis(at('single'), 'model.safetensors', STABLE)
const trained = writeCompVis(at('trained'), 'model.ckpt', STABLE)
const zipped = writeCompVis(at('zipped'), 'model.zip', STABLE)
const diffusers = writeDiffusers(at('diffusers'), STABLE)
const sharded = writeDiffusers(at('sharded'), STABLE, 3)

/** Images of three prompts at 3 steps of euler. */
async function images(model: Model): Promise<Float32Array> {
  const { sigmaMin, sigmaMax, shape } = model
  const sigmas = schedule({ type: 'discrete', rho: 1, numSteps: 4, sigmaMin, sigmaMax, model })
  const x = latents({ seeds: [0, 1, 2], shape }).map(value => value * sigmaMax)
  const solved = await solve({
    model,
    solver: { name: 'euler', afs: false },
    x,
    sigmas,
    condition: { prompts: PROMPTS }
  })
  const decoded = await model.decoder?.decode(solved.x, 3)
  await model.close()
  return decoded ?? new Float32Array(0)
}

const open = (checkpoint: string) => openModel({ checkpoint, cacheDir, engine: 'onnx', provider: 'cpu' })

describe('Stable Diffusion', async () => {
  const expected = await images(await open(single))

  it.each([
    ['.ckpt', trained],
    ['a .ckpt in a .zip', zipped],
    ['a folder of diffusers', diffusers],
    ['a folder of diffusers in shards', sharded]
  ])('from %s gives the samples of the same weights in .safetensors', async (_, path) => {
    expect(expected).toHaveLength(3 * 3 * (2 * SIDE) ** 2)
    expect(largestDifference(await images(await open(path)), expected)).toBeLessThan(1e-4)
  })

  it('has the same digest from .ckpt and .safetensors, and from folders in one file and in shards', async () => {
    const digest = async (path: string) => (await open(path)).digest
    expect(await digest(trained)).toBe(await digest(single))
    expect(await digest(sharded)).toBe(await digest(diffusers))
  })

  it('looks at its prompts', async () => {
    const model = await open(single)
    const x = latents({ seeds: [0, 0], shape: model.shape })
    const denoised = await model.denoise(x, Float64Array.of(3, 3), { prompts: ['a cat', 'a dog'] })
    expect(denoised.slice(0, denoised.length / 2)).not.toEqual(denoised.slice(denoised.length / 2))
    await model.close()
  })
})

describe('latent diffusion without words', () => {
  it('is sampled and decoded, its latents rounded to the nearest codes', async () => {
    const model = await open(writeCompVis(at('ldm'), 'model.ckpt', LATENT))
    expect(model).toMatchObject({
      shape: [3, SIDE, SIDE],
      prompted: false,
      decoder: { shape: [3, 2 * SIDE, 2 * SIDE], scale: 1 }
    })
    expect(model.sigmaMin).toBeCloseTo(0.03875904902815819, 6)
    expect(model.sigmaMax).toBeCloseTo(83.82247924804688, 3)
    await model.close()
  })
})
