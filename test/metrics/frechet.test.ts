import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { frechetDistance } from '../../src/metrics/frechet.js'
import { accumulator, type Statistics } from '../../src/metrics/statistics.js'
import { hashUniform } from '../../src/random/hash-uniform.js'
import { fixture } from '../solvers/reference.js'

interface Case {
  tag: string
  dim: number
  n_a: number
  n_b: number
  fid: number
  mean_sq: number
  trace_a: number
  trace_b: number
}

const { cases } = fixture<{ cases: Case[] }>('frechet.json')

function statistics(rows: Float64Array, dimensions: number): Statistics {
  const sums = accumulator(dimensions)
  sums.add(rows)
  return sums.finish()
}

/** rows (I + 0.3 M) */
function mixed(rows: Float64Array, m: Float64Array, n: number): Float64Array {
  return rows.map((_, at) => {
    const [row, column] = [at - (at % n), at % n]
    let sum = rows[at]
    for (let k = 0; k < n; k++) sum += 0.3 * rows[row + k] * m[k * n + column]
    return sum
  })
}

function pair({ tag, dim, n_a, n_b }: Case): [Statistics, Statistics] {
  const a = hashUniform(`A${tag}`, 0, n_a * dim)
  const b = hashUniform(`B${tag}`, 0, n_b * dim).map(value => 1.3 * value + 0.1)
  return [statistics(a, dim), statistics(mixed(b, hashUniform(`M${tag}`, 0, dim * dim), dim), dim)]
}

const trace = ({ covariance, mean }: Statistics) => mean.reduce((sum, _, i) => sum + covariance[i * mean.length + i], 0)

describe('frechetDistance', () => {
  it.each(cases)('equals SciPy on case $tag of $dim dimensions, either way round', async c => {
    const [a, b] = pair(c)
    expect(trace(a) / c.trace_a).toBeCloseTo(1, 9)
    expect(trace(b) / c.trace_b).toBeCloseTo(1, 9)
    expect(Math.abs((await frechetDistance(a, b)) / c.fid - 1)).toBeLessThan(1e-6)
    expect(Math.abs((await frechetDistance(b, a)) / c.fid - 1)).toBeLessThan(1e-6)
  })

  it('is zero for equal statistics, and the squared shift for shifted ones', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 2, max: 30 }),
        fc.double({ min: -3, max: 3, noNaN: true }),
        async (n, count, by) => {
          const rows = hashUniform('rows', n * count, n * count)
          const [a, b] = [
            statistics(rows, n),
            statistics(
              rows.map(value => value + by),
              n
            )
          ]
          expect(await frechetDistance(a, a)).toBeCloseTo(0, 7)
          expect(await frechetDistance(a, b)).toBeCloseTo(n * by * by, 6)
        }
      ),
      { numRuns: 20 }
    )
  })

  it('refuses statistics of different dimensions', async () => {
    const rows = hashUniform('rows', 0, 24)
    await expect(frechetDistance(statistics(rows, 2), statistics(rows, 3))).rejects.toThrow(RangeError)
  })
})

describe('accumulator', () => {
  it('gives the same bits however the samples are handed over', () => {
    const n = 5
    const rows = hashUniform('rows', 0, 200 * n).map(value => value + 1e3)
    const whole = statistics(rows, n)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 8 }), cuts => {
        const sums = accumulator(n)
        const ends = [...cuts.sort((a, b) => a - b), 200]
        ends.reduce((from, to) => {
          sums.add(rows.subarray(from * n, to * n))
          return to
        }, 0)
        expect(sums.finish()).toEqual(whole)
      }),
      { numRuns: 30 }
    )
  })

  it('loses nothing to a large mean', () => {
    const rows = hashUniform('rows', 0, 300)
    const [near, far] = [
      statistics(rows, 3),
      statistics(
        rows.map(value => value + 1e6),
        3
      )
    ]
    far.covariance.forEach((value, i) => {
      expect(value).toBeCloseTo(near.covariance[i], 8)
    })
  })

  it('needs two samples', () => {
    const sums = accumulator(2)
    sums.add(Float64Array.of(1, 2))
    expect(() => sums.finish()).toThrow(/two samples/)
  })
})
