import { describe, expect, it } from 'vitest'
import { gaussianMixture } from '../../src/models/mixture.js'
import { mixture } from '../support/mixture.js'
import { fixture, relativeError } from '../support/fixture.js'

describe('gaussianMixture', () => {
  it('has the reference posterior means', async () => {
    const { x, sigma, denoised } = fixture<{ x: number[][]; sigma: number[]; denoised: number[][] }>('gmm.json')
    const found = await mixture.denoise(Float64Array.from(x.flat()), Float64Array.from(sigma))
    expect(relativeError(found, denoised.flat())).toBeLessThan(1e-12)
  })

  it('refuses components of another size', () => {
    expect(() => gaussianMixture({ weights: [1], means: [[0]], stds: [[1]], shape: [3, 2, 2] })).toThrow(
      /needs 12 means/
    )
  })
})
