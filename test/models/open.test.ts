import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { openModel, type Model } from '../../src/models/open.js'
import { hashUniform } from '../../src/random/hash-uniform.js'
import { fixture } from '../solvers/reference.js'

const cacheDir = mkdtempSync(join(tmpdir(), 'epd-models-'))
const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url))

interface Reference {
  sigma: number[]
  class_labels?: number[] | null
  denoised: number[]
}

const models: Model[] = []
async function open(checkpoint: string, threads?: number) {
  const model = await openModel({ checkpoint: path(checkpoint), cacheDir, threads })
  models.push(model)
  return model
}
afterAll(() => Promise.all(models.map(model => model.close())))

/** The references' input: 2 u("x") times (1 + sigma) a sample. */
function input(sigma: readonly number[], count: number) {
  const size = count / sigma.length
  return hashUniform('x', 0, count).map((value, i) => Math.fround(2 * value) * (1 + sigma[Math.floor(i / size)]))
}

describe('openModel', () => {
  for (const name of ['ddpmpp-uncond', 'ddpmpp-cond', 'ncsnpp-uncond', 'adm-cond'])
    it(`${name}: the denoiser of PyTorch`, async () => {
      const { sigma, class_labels: labels, denoised } = fixture<Reference>(`edm/${name}.json`)
      const model = await open(`test/fixtures/edm/${name}.pkl`)
      const x = input(sigma, denoised.length)
      const found = await model.denoise(
        x,
        Float64Array.from(sigma),
        labels ? { labels: Int32Array.from(labels) } : undefined
      )
      const worst = Math.max(...found.map((value, i) => Math.abs(value - denoised[i])))
      expect(worst).toBeLessThan(2e-4)
    })
})
