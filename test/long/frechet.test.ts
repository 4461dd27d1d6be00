import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { frechetDistance } from '../../src/metrics/frechet.js'
import { accumulator, type Statistics } from '../../src/metrics/statistics.js'
import { hashUniform } from '../../src/random/hash-uniform.js'
import { fixture } from '../support/fixture.js'

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
      { numRuns: 8, seed: 1 }
    )
  })

  it.each([1e-300, 1e-160, 1e20, 1e300])('of covariances times %s is the distance of the others times it', async by => {
    const n = 6
    const rows = (name: string) => hashUniform(name, 0, 20 * n)
    const [a, b] = [statistics(rows('a'), n), statistics(mixed(rows('b'), hashUniform('m', 0, n * n), n), n)]
    const centred = ({ covariance }: Statistics, scale: number) => {
      return { mean: new Float64Array(n), covariance: covariance.map(value => value * scale) }
    }
    const plain = await frechetDistance(centred(a, 1), centred(b, 1))
    expect((await frechetDistance(centred(a, by), centred(b, by))) / by / plain).toBeCloseTo(1, 9)
    const larger = Math.max(1, by) * trace(by > 1 ? b : a)
    expect((await frechetDistance(centred(a, 1), centred(b, by))) / larger).toBeCloseTo(1, 9)
  })

  /** A covariance that has gone wrong in one entry, or one as good as any that is only of another size. */
  it.each([1e20, 1e150, 1e160, 1e300, NaN, -1])(
    'with one entry of %s is a number or an error, never anything else, and it ends',
    async value => {
      const n = 24
      const covariance = Float64Array.from({ length: n * n }, (_, k) =>
        Math.exp(-Math.abs(Math.floor(k / n) - (k % n)) / 5)
      )
      const good = { mean: new Float64Array(n), covariance }
      const withEntry = (...entries: [number, number][]) => {
        const changed = covariance.slice()
        for (const [i, j] of entries) changed[i * n + j] = value
        return { mean: good.mean, covariance: changed }
      }
      const pair = withEntry([2, 9], [9, 2])
      await expect(frechetDistance(good, pair)).rejects.toMatchObject({ code: 'score-undefined' })
      await expect(frechetDistance(pair, good)).rejects.toMatchObject({ code: 'score-undefined' })
      const variance = withEntry([7, 7])
      const valid = Number.isFinite(value) && value > 0
      for (const [a, b] of [
        [good, variance],
        [variance, good]
      ])
        if (valid) expect((await frechetDistance(a, b)) / value).toBeCloseTo(1, 1)
        else await expect(frechetDistance(a, b)).rejects.toMatchObject({ code: 'score-undefined' })
    }
  )

  it('that is too large for a number is an error', async () => {
    const rows = hashUniform('rows', 0, 24)
    const near = statistics(rows, 2)
    const far = { ...near, mean: Float64Array.of(1e200, 0) }
    await expect(frechetDistance(near, far)).rejects.toThrow(/the Frechet distance of means .* is Infinity/)
  })

  it('finds what is no covariance though no entry is wrong, on either side', async () => {
    const wrong = {
      mean: new Float64Array(3),
      covariance: Float64Array.of(1, -0.8, -0.8, -0.8, 1, -0.8, -0.8, -0.8, 1)
    }
    const one = { mean: new Float64Array(3), covariance: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1) }
    await expect(frechetDistance(wrong, one)).rejects.toThrow(/first statistics are none: .*not positive semi-definite/)
    await expect(frechetDistance(one, wrong)).rejects.toThrow(
      /second statistics are none: .*not positive semi-definite/
    )
  })

  it('is exact to rounding for covariances stored in single precision, without full rank', async () => {
    const n = 40
    const rows = hashUniform('rows', 0, 9 * n)
    const { mean, covariance } = statistics(rows, n)
    const stored = { mean, covariance: Float64Array.from(Float32Array.from(covariance)) }
    expect(Math.abs(await frechetDistance(stored, stored))).toBeLessThan(1e-4)
    expect(Math.abs(await frechetDistance(stored, { mean, covariance }))).toBeLessThan(1e-4)
  })

  it('ends with the reason of a signal that is aborted on the way', async () => {
    const n = 300
    const of = (name: string) => statistics(hashUniform(name, 0, 400 * n), n)
    const [a, b] = [of('a'), of('b')]
    const controller = new AbortController()
    const distance = frechetDistance(a, b, controller.signal)
    setImmediate(() => {
      controller.abort(new Error('enough'))
    })
    await expect(distance).rejects.toThrow('enough')
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
