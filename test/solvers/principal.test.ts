import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dot } from '../../src/solvers/march.js'
import { norm, orthonormal, principalDirections } from '../../src/solvers/principal.js'

const number = fc.double({ min: -3, max: 3, noNaN: true })
const matrices = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 9 }))
  .chain(([rows, columns]) =>
    fc.array(fc.array(number, { minLength: columns, maxLength: columns }), { minLength: rows, maxLength: rows })
  )
  .map(rows => rows.map(row => Float64Array.from(row)))
  .filter(rows => rows.some(row => norm(row) > 1e-3))

/** How much rows vary along a direction. */
const along = (rows: readonly Float64Array[], direction: Float64Array) =>
  rows.reduce((sum, row) => sum + dot(row, direction) ** 2, 0)

describe('the principal directions of a matrix', () => {
  it('are orthogonal unit vectors, the one along which rows vary most first', () => {
    fc.assert(
      fc.property(matrices, rows => {
        const found = principalDirections(rows, rows.length)
        found.forEach((a, i) => {
          expect(norm(a)).toBeCloseTo(1, 10)
          for (const b of found.slice(0, i)) expect(dot(a, b)).toBeCloseTo(0, 6)
          if (i > 0) expect(along(rows, a)).toBeLessThanOrEqual(along(rows, found[i - 1]) + 1e-9)
        })
      })
    )
  })

  it('hold all of the rows', () => {
    fc.assert(
      fc.property(matrices, rows => {
        const found = principalDirections(rows, rows.length)
        const held = found.reduce((sum, direction) => sum + along(rows, direction), 0)
        const all = rows.reduce((sum, row) => sum + dot(row, row), 0)
        expect(held / all).toBeCloseTo(1, 10)
      })
    )
  })

  it('are those along which no other direction has more', () => {
    fc.assert(
      fc.property(matrices, fc.array(number, { minLength: 9, maxLength: 9 }), (rows, other) => {
        const direction = Float64Array.from(other).subarray(0, rows[0].length)
        fc.pre(norm(direction) > 1e-3)
        const [first] = principalDirections(rows, 1)
        const share = along(rows, direction) / dot(direction, direction)
        expect(share).toBeLessThanOrEqual(along(rows, first) * (1 + 1e-10))
      })
    )
  })

  it('are found beside others that are a million times as long', () => {
    const [first, second] = principalDirections([Float64Array.of(1e6, 0, 0), Float64Array.of(3e5, 0.3, 0.4)], 2)
    expect(Math.abs(first[0])).toBeCloseTo(1, 10)
    expect(Math.abs(second[1])).toBeCloseTo(0.6, 8)
    expect(Math.abs(second[2])).toBeCloseTo(0.8, 8)
  })

  it('are as many as the rows are independent', () => {
    const row = Float64Array.of(1, 2, 3)
    expect(principalDirections([row, row.map(value => -2 * value), row], 3)).toHaveLength(1)
  })
})

describe('vectors made orthogonal', () => {
  it('keep the first one, and leave zeros where one lies in the others', () => {
    const [a, b, c] = orthonormal([Float64Array.of(0, 2, 0), Float64Array.of(3, 1, 0), Float64Array.of(1, 5, 0)])
    expect([...a]).toEqual([0, 1, 0])
    expect([...b]).toEqual([1, 0, 0])
    expect([...c]).toEqual([0, 0, 0])
  })
})
