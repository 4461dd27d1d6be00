import { describe, expect, it } from 'vitest'
import { kid } from '../../src/metrics/kid.js'
import { features, row } from './features.js'

describe('kid', () => {
  it('of few images is the unbiased estimate over all of them', async () => {
    const [a, b] = [features('a', 7, 5), features('b', 7, 5, 0.3)]
    const kernel = (x: number[], y: number[]) => (x.reduce((sum, value, d) => sum + value * y[d], 0) / 5 + 1) ** 3
    let [own, across] = [0, 0]
    for (let i = 0; i < 7; i++)
      for (let j = 0; j < 7; j++) {
        if (i !== j) own += kernel(row(a, i), row(a, j)) + kernel(row(b, i), row(b, j))
        across += kernel(row(a, i), row(b, j))
      }
    const found = await kid(a, b)
    expect(found).toMatchObject({ subsets: 1, size: 7, deviation: 0 })
    expect(found.value).toBeCloseTo(own / 42 - (2 * across) / 49, 12)
  })

  it('is measured over subsets that are always the same', async () => {
    const [a, b] = [features('a', 40, 8), features('b', 30, 8)]
    const found = await kid(a, b)
    expect(found).toMatchObject({ subsets: 100, size: 30 })
    expect(found.deviation).toBeGreaterThan(0)
    expect(await kid(a, b)).toEqual(found)
  })

  it('grows with the distance of two distributions', async () => {
    const a = features('a', 500, 8)
    const apart = async (by: number) => (await kid(a, features('b', 500, 8, by))).value
    expect(await apart(0.1)).toBeGreaterThan(3 * Math.abs(await apart(0)))
    expect(await apart(0.3)).toBeGreaterThan(3 * (await apart(0.1)))
  })

  it('needs two images', async () => {
    await expect(kid(features('a', 1, 4), features('b', 9, 4))).rejects.toThrow(RangeError)
  })
})
