import { describe, expect, it } from 'vitest'
import { clipped, withClipping } from '../../src/models/clipped.js'
import { leftOut } from '../../src/models/left-out.js'
import type { Model } from '../../src/models/model.js'
import { featured } from '../support/featured.js'

const x = Float64Array.from({ length: 24 }, (_, i) => 3 * Math.sin(1 + i * i))
const sigma = Float64Array.of(0.5, 2)

describe('clipped', () => {
  it('clamps what is denoised, and nothing else', async () => {
    const model = clipped({ ...featured, smooth: featured }, 0.3)
    const clamp = (values: Float64Array) => values.map(value => Math.min(Math.max(value, -0.3), 0.3))
    const exact = await featured.features!.denoise(x, sigma)
    expect(exact.denoised.some(value => Math.abs(value) > 0.3)).toBe(true)
    expect(await model.denoise(x, sigma)).toEqual(clamp(exact.denoised))
    expect(await model.smooth.denoise(x, sigma)).toEqual(clamp(exact.denoised))
    expect(await model.features!.denoise(x, sigma)).toEqual({ ...exact, denoised: clamp(exact.denoised) })
  })

  it('has a digest of its own, by its limit', () => {
    const model: Model = { ...featured, digest: 'd', engine: 'e', batchInvariant: true, elapsed: () => 0 }
    const digests = ([undefined, false, 1, 2] as const).map(limit => withClipping(model, limit).digest)
    expect(digests.slice(0, 2)).toEqual(['d', 'd'])
    expect(new Set(digests).size).toBe(3)
  })
})

describe('leftOut', () => {
  it.each([
    [{ clip: 2 }, /clip_sample.*clipDenoised: 2/],
    [{ threshold: { ratio: 0.995, max: 1 } }, /thresholding, which is left out/]
  ])('says what a scheduler does and this does not: %o', (scheduler, message) => {
    expect(leftOut(scheduler, 'a')).toMatch(message)
  })

  it('says nothing of one that clips nothing, and of no folder', () => {
    expect(leftOut({}, 'a')).toBeUndefined()
    expect(leftOut(undefined, 'a')).toBeUndefined()
  })
})
