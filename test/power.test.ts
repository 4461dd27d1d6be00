import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { power } from '../src/power.js'
import { hashUniform } from '../src/random/hash-uniform.js'

const COUNT = 100_000

/** Pairs of a base and an exponent of a kind, made of two numbers from -1 to 1. */
const kinds = {
  'any bases and exponents': (u: number, v: number) => [Math.exp(20 * u), 4 * v],
  'schedules with rho 7': (u: number, v: number) => [Math.exp(10 * u), v < 0 ? 1 / 7 : 7],
  'frequencies of embeddings': (u: number) => [1 / 10_000, Math.abs(u)],
  'whole exponents and negative bases': (u: number, v: number) => [8 * u, Math.round(10 * v)],
  'results without full precision': (u: number, v: number) => [3 + u, (-1048 - 30 * v) / Math.log2(3 + u)]
} satisfies Record<string, (u: number, v: number) => [number, number]>

function digestOf(kind: (u: number, v: number) => [number, number]): string {
  const [u, v] = [hashUniform('base', 0, COUNT), hashUniform('exponent', 0, COUNT)]
  const values = Float64Array.from({ length: COUNT }, (_, i) => power(...kind(u[i], v[i])))
  return createHash('sha256').update(values).digest('hex')
}

describe('power', () => {
  it('has the same bits on every version of Node', () => {
    const digests = Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [name, digestOf(kind).slice(0, 16)]))
    expect(digests).toEqual({
      'any bases and exponents': '232f2f2015ad13b3',
      'schedules with rho 7': '20b1b4a157c0ca1b',
      'frequencies of embeddings': '5a59e667da5d8c2f',
      'whole exponents and negative bases': 'f5b9976c4650d555',
      'results without full precision': '17d19850c8054a8b'
    })
  })

  it('is ** to two units of the last place', () => {
    const bases = fc.double({ min: 1e-300, max: 1e300, noNaN: true })
    fc.assert(
      fc.property(bases, fc.double({ min: -1, max: 1, noNaN: true }), (base, exponent) => {
        const expected = base ** exponent
        expect(Math.abs(power(base, exponent) - expected)).toBeLessThanOrEqual(2 ** -51 * expected)
      })
    )
  })

  it('is exact where the result is a number with few bits', () => {
    expect([2, 3, 5, 10].map(base => power(base, 9))).toEqual([512, 19_683, 1_953_125, 1e9])
    expect([-2, 0.5, -0.5].map(base => power(base, 3))).toEqual([-8, 0.125, -0.125])
    expect([power(16, 0.25), power(1024, 0.1), power(4, -1.5)]).toEqual([2, 2, 0.125])
    expect([power(2, 1023), power(2, -1074), power(2, 1024), power(2, -1076)]).toEqual([2 ** 1023, 5e-324, Infinity, 0])
  })

  it('is what JavaScript defines at 0, 1, infinity and NaN', () => {
    const values = [0, -0, 1, -1, 3, -3, 0.5, -0.5, 1e300, -1e300, Infinity, -Infinity, NaN]
    for (const base of [0, -0, 1, -1, Infinity, -Infinity, NaN])
      for (const exponent of values)
        expect([base, exponent, power(base, exponent)]).toEqual([base, exponent, base ** exponent])
    expect(power(-2, 0.5)).toBeNaN()
    expect([power(7, 0), power(-7, 0), power(7, Infinity), power(0.7, Infinity)]).toEqual([1, 1, Infinity, 0])
  })
})
