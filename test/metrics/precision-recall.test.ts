import { describe, expect, it } from 'vitest'
import type { Features } from '../../src/metrics/features.js'
import { precisionRecall } from '../../src/metrics/precision-recall.js'
import { features, row } from './features.js'

const distance = (x: number[], y: number[]) => x.reduce((sum, value, d) => sum + (value - y[d]) ** 2, 0)

/** By its definition: images of a that lie within the third nearest neighbour's distance of some image of b. */
function share(a: Features, b: Features): number {
  const all = (of: Features) => Array.from({ length: of.count }, (_, i) => row(of, i))
  const radius = all(b).map((x, i) => {
    const others = all(b).flatMap((y, j) => (i === j ? [] : [distance(x, y)]))
    return others.sort((p, q) => p - q)[2]
  })
  return all(a).filter(x => all(b).some((y, j) => distance(x, y) <= radius[j])).length / a.count
}

describe('precision and recall', () => {
  it.each([
    [20, 30],
    [40, 11]
  ])('of %i samples and %i real images are what they are defined to be', async (m, n) => {
    const [samples, real] = [features('samples', m, 3, 0.4), features('real', n, 3)]
    const { precision, recall } = await precisionRecall(samples, real)
    expect(precision).toBeCloseTo(share(samples, real), 12)
    expect(recall).toBeCloseTo(share(real, samples), 12)
  })

  it('are 1 for equal sets, and 0 for sets far apart', async () => {
    const real = features('real', 1500, 2)
    expect(await precisionRecall(real, real)).toEqual({ precision: 1, recall: 1 })
    expect(await precisionRecall(features('samples', 30, 2, 100), real)).toEqual({ precision: 0, recall: 0 })
  })

  it('need four images', async () => {
    await expect(precisionRecall(features('a', 3, 4), features('b', 9, 4))).rejects.toThrow(RangeError)
  })
})
