import { describe, expect, it } from 'vitest'
import { psnr, rmse } from '../../src/metrics/error.js'

describe('rmse', () => {
  it('is the root of the mean squared difference', () => {
    expect(rmse([1, 2, 3, 4], [1, 2, 3, 0])).toBe(2)
    expect(() => rmse([1], [1, 2])).toThrow(RangeError)
    expect(() => rmse([], [])).toThrow(RangeError)
  })
})

describe('psnr', () => {
  it('counts 20 dB for a tenth of the peak, on images as they are shown', () => {
    expect(psnr([0.2, 0, -0.2], [0, 0.2, 0])).toBeCloseTo(20, 10)
    expect(psnr([5, -7], [1, -1])).toBe(Infinity)
  })
})
