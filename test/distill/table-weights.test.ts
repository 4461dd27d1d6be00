import { describe, expect, it } from 'vitest'
import { weighted, weightedMean, weightsOf } from '../../src/distill/table-weights.js'

const seeds = [3, 1, 4, 8, 5]

describe('what trajectories count', () => {
  it('is 1 on average, and less for those that are further off', () => {
    const weights = weightsOf(seeds, [2, 1, 1, 4, 400])
    const counts = seeds.map(seed => weights.get(seed) ?? NaN)
    expect(counts.reduce((sum, count) => sum + count, 0)).toBeCloseTo(seeds.length, 12)
    // The median is 2: 1 + 1/4, 1 + 1/8, 1 + 1/2 and 1 + 50.
    const ratios = [10 / 9, 1, 1, 12 / 9, 51 / (9 / 8)]
    counts.forEach((count, k) => {
      expect(counts[1] / count).toBeCloseTo(ratios[k], 12)
    })
  })

  it('is all the same where no trajectory is an exception, or most are met exactly', () => {
    for (const count of weightsOf(seeds, [2, 2, 2, 2, 2]).values()) expect(count).toBeCloseTo(1, 12)
    expect([...weightsOf(seeds, [0, 0, 5, 0, 1]).values()]).toEqual(seeds.map(() => 1))
  })

  it('is how often the squares of its values count', () => {
    const values = Float64Array.of(1, 2, -3, 4, 0.5, 0, 7, 9, 20, -21)
    const losses = seeds.map((_, k) => (values[2 * k] ** 2 + values[2 * k + 1] ** 2) / 2)
    const weights = weightsOf(seeds, losses)
    const scaled = weighted(seeds, values, weights)
    const square = scaled.reduce((sum, value) => sum + value ** 2, 0) / scaled.length
    expect(square).toBeCloseTo(weightedMean(seeds, losses, weights), 12)
    expect(square).toBeLessThan(weightedMean(seeds, losses))
    expect(weighted(seeds, values)).toBe(values)
  })
})
