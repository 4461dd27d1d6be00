import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openClassifier } from '../../src/models/classifier.js'
import { openModel } from '../../src/models/open.js'
import { classifierConfig, classifierRecipe } from '../../src/networks/guided-classifier.js'
import { denoisingRecipe } from '../../src/networks/network.js'
import { networkOf } from '../../src/networks/registry.js'
import { latents } from '../../src/random/latents.js'
import { solve } from '../../src/solvers/solve.js'
import { writeWeights } from '../support/stand-ins.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-guidance-'))
const cacheDir = join(folder, 'cache')
const kwargs = {
  ...{
    model_type: 'UNetModel',
    image_size: 16,
    in_channels: 3,
    out_channels: 6,
    model_channels: 32,
    channel_mult: [1, 2]
  },
  ...{ num_res_blocks: 1, attention_resolutions: [2], num_head_channels: 16, num_classes: 5, resblock_updown: true },
  ...{ learn_sigma: true, noise_schedule: 'cosine' }
}

/** A diffusion model of 5 classes, or none. */
function diffusion(classes: number): string {
  const at = join(folder, `diffusion-${classes}`)
  const own = { ...kwargs, num_classes: classes }
  writeWeights(join(at, 'net.safetensors'), denoisingRecipe(networkOf(own)))
  writeFileSync(join(at, 'config.json'), JSON.stringify({ class_name: 'GuidedDiffusion', init_kwargs: own }))
  return join(at, 'net.safetensors')
}

function classifier(classes: number): string {
  const config = classifierConfig({
    ...{ resolution: 16, inChannels: 3, classes, modelChannels: 64, numBlocks: 1, channelMult: [1, 2] },
    attentionDownsampling: [2]
  })
  const path = join(folder, `classifier-${classes}.safetensors`)
  mkdirSync(folder, { recursive: true })
  writeWeights(path, classifierRecipe(config))
  return path
}

const x = latents({ seeds: [1, 2], shape: [3, 16, 16] }).map(value => 3 * value)
const sigma = Float64Array.of(3, 0.4)
const condition = { labels: Int32Array.of(4, 1) }

describe('classifier guidance', () => {
  it('adds scale sigma^2 grad log p(class | x), the gradient by x as the solver has it', async () => {
    const options = { checkpoint: diffusion(5), cacheDir }
    const path = classifier(5)
    const [plain, led] = [
      await openModel(options),
      await openModel({ ...options, guidance: { classifier: path, scale: 7 } })
    ]
    const alone = await openClassifier(path, plain.shape, { cacheDir })
    const [a, b] = await Promise.all([plain, led].map(model => model.denoise(x, sigma, condition)))
    const size = x.length / 2
    const factor = Array.from(sigma, each => 1 / Math.sqrt(each ** 2 + 1))
    const noise = Float32Array.from(sigma, each => 1000 * plain.time!.inverse(each) - 1)
    const rows = Float32Array.of(0, 0, 0, 0, 1, 0, 1, 0, 0, 0)
    const { gradient } = await alone.answer(
      Float32Array.from(x, (value, i) => value * factor[Math.floor(i / size)]),
      noise,
      rows
    )
    const most = Math.max(
      ...b.map((value, i) => {
        const k = Math.floor(i / size)
        return Math.abs(value - a[i] - 7 * sigma[k] ** 2 * factor[k] * gradient[i])
      })
    )
    expect(most).toBeLessThan(1e-12)
    expect(Math.max(...b.map((value, i) => Math.abs(value - a[i])))).toBeGreaterThan(1e-4)
    expect(led.digest).not.toBe(plain.digest)
    expect(led.nfeFactor).toBe(1)
    await Promise.all([plain, led, alone].map(each => each.close()))
  })

  it('gives an unconditional model the classes of the classifier, and raises their probability', async () => {
    const options = { checkpoint: diffusion(0), cacheDir }
    const guidance = { classifier: classifier(5), scale: 20 }
    const [plain, led] = [await openModel(options), await openModel({ ...options, guidance })]
    expect([plain.labelDim, led.labelDim]).toEqual([0, 5])
    const sigmas = Float64Array.of(3, 1, 0.3)
    const solver = { name: 'euler', afs: false } as const
    const start = latents({ seeds: [1, 2], shape: [3, 16, 16] }).map(value => 3 * value)
    const [free, wanted] = await Promise.all([
      solve({ model: plain, solver, x: start, sigmas }),
      solve({ model: led, solver, x: start, sigmas, condition })
    ])
    const logP = await logProbabilities(guidance.classifier)
    const [before, after] = [await logP(free.x), await logP(wanted.x)]
    after.forEach((value, k) => {
      expect(value).toBeGreaterThan(before[k])
    })
    await Promise.all([plain, led].map(model => model.close()))
  })

  it.each([
    [() => classifier(6), /knows 6 classes, the model 5; guidance needs the same/],
    [
      () => diffusion(5),
      /its tensors are of no classifier of noisy images of 3x16x16; expected one of guided-diffusion/
    ]
  ])('says what is wrong with a classifier', async (wrong, message) => {
    const guided = openModel({ checkpoint: diffusion(5), cacheDir, guidance: { classifier: wrong(), scale: 1 } })
    await expect(guided).rejects.toThrow(message)
  })
})

/** log p(class | x) of the two samples at sigma 0.3, from the classifier's logits. */
async function logProbabilities(path: string): Promise<(x: Float64Array) => Promise<number[]>> {
  const alone = await openClassifier(path, [3, 16, 16], { cacheDir })
  return async samples => {
    const given = Float32Array.from(samples, value => value / Math.sqrt(0.3 ** 2 + 1))
    const rows = Float32Array.of(0, 0, 0, 0, 1, 0, 1, 0, 0, 0)
    const { logits } = await alone.answer(given, Float32Array.of(100, 100), rows)
    return [4, 1].map((label, k) => {
      const row = [...logits.subarray(5 * k, 5 * k + 5)]
      return row[label] - Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0))
    })
  }
}
