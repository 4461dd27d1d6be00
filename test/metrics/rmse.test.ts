import { describe, expect, it } from 'vitest'
import { rmse } from '../../src/metrics/rmse.js'

describe('rmse', () => {
  it('is the root of the mean squared difference', () => {
    expect(rmse([1, 2, 3, 4], [1, 2, 3, 0])).toBe(2)
    expect(() => rmse([1], [1, 2])).toThrow(RangeError)
    expect(() => rmse([], [])).toThrow(RangeError)
  })
})
