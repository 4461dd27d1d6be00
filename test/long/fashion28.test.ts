import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { openFashionClassifier } from '../../src/metrics/fashion-classifier.js'
import { openModel } from '../../src/models/open.js'
import { latents } from '../../src/random/latents.js'
import { sampleImages } from '../../src/solvers/sample-images.js'
import { schedule } from '../../src/solvers/schedule.js'

const folder = fileURLToPath(new URL('../../models/fashion28/', import.meta.url))
const COUNT = 512
const SIZE = 784

interface Losses {
  readonly sigmas: readonly number[]
  readonly losses: readonly number[]
}

const bytes = gunzipSync(readFileSync(new URL('../fixtures/fashion28.gz', import.meta.url)))
const images = Float64Array.from(bytes.subarray(0, COUNT * SIZE), value => value / 127.5 - 1)
const labels = Int32Array.from(bytes.subarray(COUNT * SIZE))
const noise = latents({ seeds: Array.from({ length: COUNT }, (_, i) => i), shape: [1, 28, 28] })
const recorded = JSON.parse(readFileSync(join(folder, 'loss.json'), 'utf8')) as Losses
const cacheDir = mkdtempSync(join(tmpdir(), 'epd-fashion28-'))
const model = await openModel({ checkpoint: join(folder, 'fashion28.safetensors'), cacheDir })
afterAll(() => model.close())

/** EDM's loss (arXiv 2206.00364, Section 5) on the first 512 test images. */
async function loss(sigma: number): Promise<number> {
  const noisy = images.map((value, i) => value + sigma * noise[i])
  const denoised = await model.denoise(noisy, new Float64Array(COUNT).fill(sigma), { labels })
  const weight = (sigma ** 2 + 0.25) / (sigma * 0.5) ** 2
  return (weight * denoised.reduce((sum, value, i) => sum + (value - images[i]) ** 2, 0)) / denoised.length
}

describe('the embedded model of Fashion-MNIST', () => {
  it.each([0.5])('has the loss that its training script computed at sigma %f', async sigma => {
    const expected = recorded.losses[recorded.sigmas.indexOf(sigma)]
    expect(Math.abs((await loss(sigma)) / expected - 1)).toBeLessThan(1e-4)
  })

  it('samples what its classifier puts into the class that was asked for', async () => {
    const seeds = Array.from({ length: 50 }, (_, i) => i)
    const asked = Int32Array.from(seeds, seed => seed % 10)
    const sigmas = schedule({ type: 'polynomial', rho: 7, numSteps: 11, sigmaMin: 0.002, sigmaMax: 80 })
    const { images } = await sampleImages({
      model,
      solver: { name: 'ipndm' },
      sigmas,
      seeds,
      condition: { labels: asked }
    })
    const classifier = await openFashionClassifier({ cacheDir })
    const found = await classifier.classes(images, seeds.length)
    await classifier.close()
    expect(found.filter((label, i) => label === asked[i]).length / seeds.length).toBeGreaterThanOrEqual(0.8)
  })
})
