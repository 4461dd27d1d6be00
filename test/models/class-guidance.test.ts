import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { oneHot } from '../../src/models/denoiser.js'
import { openModel } from '../../src/models/open.js'
import { latents } from '../../src/random/latents.js'

const cacheDir = mkdtempSync(join(tmpdir(), 'epd-class-guidance-'))
const embedded = fileURLToPath(new URL('../../models/fashion28/', import.meta.url))
const checkpoint = join(embedded, 'fashion28.safetensors')
const x = latents({ seeds: [1, 2], shape: [1, 28, 28] }).map(value => 2 * value)
const sigma = Float64Array.of(2, 0.5)
const condition = { labels: Int32Array.of(9, 4) }

/** The model of Fashion-MNIST with another share of classes that were left out in training. */
function withDropout(share: number | undefined): string {
  const folder = mkdtempSync(join(tmpdir(), 'epd-dropout-'))
  copyFileSync(checkpoint, join(folder, 'net.safetensors'))
  const config = JSON.parse(readFileSync(join(embedded, 'config.json'), 'utf8')) as { init_kwargs: object }
  const kwargs = { ...config.init_kwargs, label_dropout: share }
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, init_kwargs: kwargs }))
  return join(folder, 'net.safetensors')
}

describe('classifier-free guidance by classes', () => {
  it('is D(none) + scale (D(class) - D(none)), in one batch that counts twice, and in the digest', async () => {
    const plain = await openModel({ checkpoint, cacheDir })
    const led = await openModel({ checkpoint, cacheDir, guidance: { scale: 3 } })
    const more = await openModel({ checkpoint, cacheDir, guidance: { scale: 4 } })
    const [own, none] = [await plain.denoise(x, sigma, condition), await plain.denoise(x, sigma)]
    const guided = await led.denoise(x, sigma, condition)
    const expected = own.map((value, i) => none[i] + 3 * (value - none[i]))
    expect(Math.max(...guided.map((value, i) => Math.abs(value - expected[i])))).toBeLessThan(1e-12)
    expect(guided).not.toEqual(own)
    expect(await led.denoise(x, sigma)).toEqual(none)
    expect([plain.nfeFactor, led.nfeFactor, led.features]).toEqual([1, 2, undefined])
    expect(new Set([plain.digest, led.digest, more.digest]).size).toBe(3)
    await Promise.all([plain, led, more].map(model => model.close()))
  })

  it.each([0, undefined])('is refused where label_dropout is %s', async share => {
    const opened = openModel({ checkpoint: withDropout(share), cacheDir, guidance: { scale: 3 } })
    await expect(opened).rejects.toThrow(
      /net\.safetensors: reads no prompts, and its arguments have no label_dropout above 0/
    )
    await expect(opened).rejects.toMatchObject({ code: 'model-invalid' })
  })

  it('has no prompt to lead away from', async () => {
    const opened = openModel({ checkpoint, cacheDir, guidance: { scale: 3, negative: 'a hat' } })
    await expect(opened).rejects.toThrow(/guidance by its classes has no negative; leave it out/)
  })

  it('is refused for a model without classes', async () => {
    const shapes = fileURLToPath(new URL('../fixtures/edm/ddpmpp-uncond.pkl', import.meta.url))
    const opened = openModel({ checkpoint: shapes, cacheDir, guidance: { scale: 3 } })
    await expect(opened).rejects.toThrow(/reads no prompts and has no classes/)
  })
})

describe('rows of classes', () => {
  it('are zeros for -1, and no class below that is one', () => {
    expect([...oneHot(2, 3, Int32Array.of(-1, 2))]).toEqual([0, 0, 0, 0, 0, 1])
    expect(() => oneHot(1, 3, Int32Array.of(-2))).toThrow(RangeError)
  })
})
