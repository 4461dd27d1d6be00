import { describe, expect, it } from 'vitest'
import { psnr } from '../../src/metrics/psnr.js'

describe('psnr', () => {
  it('counts 20 dB for a tenth of the peak, on images as they are shown', () => {
    expect(psnr([0.2, 0, -0.2], [0, 0.2, 0])).toBeCloseTo(20, 10)
    expect(psnr([5, -7], [1, -1])).toBe(Infinity)
  })
})
