import { describe, expect, it } from 'vitest'
import { frechetOfGroups } from '../../src/metrics/grouped.js'
import type { ImageRange } from '../../src/metrics/metric.js'

/** A distance with a bias of 1,000 over the number of images, and where it was measured. */
function biased(measured: ImageRange[] = []) {
  return ({ from, to }: ImageRange) => {
    measured.push({ from, to })
    return Promise.resolve(3 + 1000 / (to - from) + from / 1e6)
  }
}

describe('fid', () => {
  it('of many images is their distance', async () => {
    const measured: ImageRange[] = []
    expect(await frechetOfGroups(50_000, 1, biased(measured))).toEqual({ value: 3.02, bias: undefined })
    expect(measured).toEqual([{ from: 0, to: 50_000 }])
  })

  it('of few images says how much too large it is', async () => {
    const { value, bias } = await frechetOfGroups(1000, 1, () => biased()({ from: 0, to: 1000 }))
    expect([value, bias]).toEqual([4, 0])
    const found = await frechetOfGroups(1000, 1, biased())
    expect(found.bias).toBeCloseTo(1, 3)
  })

  it('of too few for a covariance of each half has no bias to tell', async () => {
    expect(await frechetOfGroups(3, 1, biased())).toEqual({ value: 3 + 1000 / 3, bias: undefined })
  })

  it('of groups is their mean, with the least and the spread beside it', async () => {
    const measured: ImageRange[] = []
    const { value, groups, bias } = await frechetOfGroups(150_000, 3, biased(measured))
    expect(measured).toEqual([0, 1, 2].map(k => ({ from: 50_000 * k, to: 50_000 * (k + 1) })))
    expect(value).toBeCloseTo(3.07, 9)
    expect(groups?.minimum).toBeCloseTo(3.02, 9)
    expect(groups?.spread).toBeCloseTo(0.1, 9)
    expect(bias).toBeUndefined()
  })
})
