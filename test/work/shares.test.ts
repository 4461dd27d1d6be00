import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { covers, sharesOf, uncovered } from '../../src/work/shares.js'

describe('shares of shards', () => {
  it('are as large as what one worker is to do', () => {
    const sharing = { count: 10, evaluations: 1000, wanted: 300, jobs: 1 }
    expect(sharesOf([0, 1, 2, 3, 4, 5, 6, 7], sharing)).toEqual([
      { first: 0, last: 2 },
      { first: 3, last: 5 },
      { first: 6, last: 7 }
    ])
  })

  it('are enough for all workers', () => {
    const sharing = { count: 4, evaluations: 4, wanted: 1000, jobs: 2 }
    expect(sharesOf([0, 1, 2, 3], sharing)).toEqual([
      { first: 0, last: 1 },
      { first: 2, last: 3 }
    ])
  })

  it('cover what is missing, each position once, and nothing that is done', () => {
    const positions = fc.uniqueArray(fc.nat(200)).map(list => list.sort((a, b) => a - b))
    fc.assert(
      fc.property(
        positions,
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 1, max: 9 }),
        (missing, wanted, jobs) => {
          const shares = sharesOf(missing, { count: 201, evaluations: 2010, wanted, jobs })
          const covered = Array.from({ length: 201 }, (_, i) => shares.filter(share => covers(share, i)).length)
          expect(covered.map((count, i) => (count > 0 ? i : -1)).filter(i => i >= 0)).toEqual(missing)
          expect(Math.max(0, ...covered)).toBeLessThanOrEqual(1)
        }
      )
    )
  })

  it('leave out what a worker is at', () => {
    expect(uncovered([0, 1, 5, 6], [{ id: 'a', first: 1, last: 5 }])).toEqual([0, 6])
  })
})
