import { describe, expect, it } from 'vitest'
import { METRICS } from '../../src/metrics/registry.js'
import { onSeeds } from '../../src/report/paired.js'

const rmse = METRICS.find(({ name }) => name === 'rmse')!

describe('a difference seed by seed', () => {
  it('is told with its standard error', () => {
    expect(onSeeds({ count: 256, better: 205, mean: 0.0060028, error: 0.0008012 }, rmse)).toBe(
      '205 of 256, by 0.006003 ± 0.00080 on average (standard error)'
    )
  })

  it('is said to be for the worse where a few seeds decide the score', () => {
    expect(onSeeds({ count: 256, better: 52, mean: -0.005881, error: 0.0017 }, rmse)).toBe(
      '52 of 256, and on average worse by 0.005881 ± 0.0017 (standard error), so that few seeds make its score the better one'
    )
  })
})
