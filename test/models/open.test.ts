import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { readNetworkCheckpoint } from '../../src/checkpoints/network.js'
import { encodeSafetensors } from '../../src/checkpoints/safetensors.js'
import type { Model } from '../../src/models/model.js'
import { openModel } from '../../src/models/open.js'
import { hashUniform } from '../../src/random/hash-uniform.js'
import { latents } from '../../src/random/latents.js'
import { schedule } from '../../src/solvers/schedule.js'
import { solve } from '../../src/solvers/solve.js'
import { fixture } from '../support/fixture.js'

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

function farthest(found: Float64Array, expected: readonly number[]): number {
  expect(found.length).toBe(expected.length)
  return found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0)
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
      expect(farthest(found, denoised)).toBeLessThan(2e-4)
    })

  it('shapes16: the denoiser of PyTorch, and its samples by Heun', async () => {
    const { denoiser, samples } = fixture<{
      denoiser: Reference
      samples: { seeds: number[]; final: number[] }
    }>('shapes16-reference.json')
    const model = await open('models/shapes16/shapes16.safetensors')
    const found = await model.denoise(
      input(denoiser.sigma, denoiser.denoised.length),
      Float64Array.from(denoiser.sigma)
    )
    expect(farthest(found, denoiser.denoised)).toBeLessThan(2e-4)

    const sigmas = schedule({ type: 'polynomial', rho: 7, numSteps: 33, sigmaMin: 0.002, sigmaMax: 80 })
    const x = latents({ seeds: samples.seeds, shape: model.shape }).map(value => value * sigmas[0])
    const solution = await solve({ model, solver: { name: 'heun' }, x, sigmas })
    expect(farthest(solution.x, samples.final)).toBeLessThan(2e-3)
    expect(solution.nfe).toBe(64)
  })

  it.each([
    'models/shapes16/shapes16.safetensors',
    'test/fixtures/edm/ncsnpp-uncond.pkl',
    'test/fixtures/edm/adm-cond.pkl'
  ])('%s: the same bits for any split of a batch and any number of threads', async checkpoint => {
    const [model, single] = [await open(checkpoint, 2), await open(checkpoint, 1)]
    const [batch, size] = [16, 768]
    const sigma = Float64Array.from({ length: batch }, (_, i) => 0.002 * 1.9 ** i)
    const x = input([...sigma], batch * size)
    const whole = await model.denoise(x, sigma)
    expect(await single.denoise(x, sigma)).toEqual(whole)
    for (const part of [1, 2, 3, 5, 8])
      for (let at = 0; at < batch; at += part) {
        const to = Math.min(at + part, batch)
        const found = await model.denoise(x.slice(at * size, to * size), sigma.slice(at, to))
        expect(found).toEqual(whole.slice(at * size, to * size))
      }
  })

  it('gives the same samples and digest from .pkl and .safetensors', async () => {
    const pkl = path('test/fixtures/edm/adm-cond.pkl')
    const read = await readNetworkCheckpoint(pkl)
    const folder = mkdtempSync(join(tmpdir(), 'epd-models-'))
    const [checkpoint, config] = ['model.safetensors', 'config.json'].map(name => join(folder, name))
    const { className, initKwargs } = 'className' in read ? read : { className: '', initKwargs: {} }
    writeFileSync(checkpoint, encodeSafetensors(read.tensors, {}))
    writeFileSync(config, JSON.stringify({ class_name: className, init_kwargs: initKwargs }))
    const [one, other] = [
      await open('test/fixtures/edm/adm-cond.pkl'),
      await openModel({ checkpoint, cacheDir: folder })
    ]
    expect(other.digest).toBe(one.digest)
    const [sigma, x] = [Float64Array.of(0.5, 9), input([0.5, 9], 2 * 768)]
    expect(await other.denoise(x, sigma)).toEqual(await one.denoise(x, sigma))
  })

  it('gives a model the same digest whatever folder it is compiled in, and another to other weights', async () => {
    const [a, b] = [await open('test/fixtures/edm/ddpmpp-uncond.pkl'), await open('test/fixtures/edm/ddpmpp-cond.pkl')]
    const elsewhere = await openModel({
      checkpoint: path('test/fixtures/edm/ddpmpp-uncond.pkl'),
      cacheDir: mkdtempSync(join(tmpdir(), 'epd-models-'))
    })
    expect(elsewhere.digest).toBe(a.digest)
    expect(b.digest).not.toBe(a.digest)
  })

  it('says which sample of which sigma is not finite', async () => {
    const model = await open('test/fixtures/edm/ddpmpp-uncond.pkl')
    const x = new Float64Array(2 * 768)
    x[768] = NaN
    await expect(model.denoise(x, Float64Array.of(1, 2))).rejects.toThrow(/NaN at sigma 2 \(sample 1/)
  })

  it('refuses classes that the model does not have', async () => {
    const model = await open('test/fixtures/edm/adm-cond.pkl')
    const wrong = model.denoise(new Float64Array(768), Float64Array.of(1), { labels: Int32Array.of(10) })
    await expect(wrong).rejects.toThrow(/class 10 of a model with 10/)
  })

  it('gives the same denoised data on TensorFlow.js, from the same model', async () => {
    const checkpoint = path('test/fixtures/edm/adm-cond.pkl')
    const [onnx, tfjs] = [
      await open('test/fixtures/edm/adm-cond.pkl'),
      await openModel({ checkpoint, cacheDir, engine: 'tfjs' })
    ]
    expect([onnx.engine, onnx.batchInvariant]).toEqual(['onnx:cpu:float32', true])
    expect([tfjs.engine, tfjs.batchInvariant]).toEqual(['tfjs:wasm:float32', false])
    expect(tfjs.digest).toBe(onnx.digest)
    const x = latents({ seeds: [1, 2], shape: onnx.shape }).map(value => 5 * value)
    const [a, b] = await Promise.all([onnx, tfjs].map(model => model.denoise(x, Float64Array.of(5, 0.3))))
    expect(Math.max(...a.map((value, i) => Math.abs(value - b[i])))).toBeLessThan(2e-4)
    await tfjs.close()
  })
})
