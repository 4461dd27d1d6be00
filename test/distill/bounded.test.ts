import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { boundedMove, predictedFall, solveSymmetric } from '../../src/distill/bounded.js'

const wide = { lower: [-9, -9, -9], upper: [9, 9, 9] }
/** J'J and J'r of a problem with three columns. */
function normal(columns: readonly number[][], residual: readonly number[]) {
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0)
  return {
    matrix: columns.map(a => columns.map(b => dot(a, b))),
    gradient: columns.map(a => dot(a, residual))
  }
}
const columns = [
  [1, 2, 0, 1],
  [0, 1, 3, -1],
  [2, 0, 1, 1]
]

describe('boundedMove', () => {
  it('is the least squares solution without damping', () => {
    const wanted = [0.5, -0.25, 1]
    const residual = [0, 1, 2, 3].map(i => -columns.reduce((sum, column, k) => sum + column[i] * wanted[k], 0))
    const move = boundedMove(normal(columns, residual), 0, wide)
    move.forEach((value, k) => {
      expect(value).toBeCloseTo(wanted[k], 7)
    })
  })

  it('stands still along what has no effect, and shares what two have in common', () => {
    const twins = normal([columns[0], columns[0], [0, 0, 0, 0]], [1, -2, 0, 1])
    const [a, b, none] = boundedMove(twins, 1e-6, wide)
    expect(none).toBe(0)
    expect(a).toBeCloseTo(b, 6)
    expect(a + b).toBeCloseTo(2 / 6, 4)
  })

  it('never leaves its box', () => {
    const number = fc.double({ min: -2, max: 2, noNaN: true })
    const box = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 6, maxLength: 6 })
    const vector = fc.array(number, { minLength: 4, maxLength: 4 })
    fc.assert(
      fc.property(fc.array(vector, { minLength: 3, maxLength: 3 }), vector, box, (random, residual, sides) => {
        const problem = normal(random, residual)
        const [lower, upper] = [sides.slice(0, 3).map(side => -side), sides.slice(3)]
        const move = boundedMove(problem, 1e-3, { lower, upper })
        move.forEach((value, k) => {
          expect(value >= lower[k] && value <= upper[k]).toBe(true)
        })
      })
    )
  })

  it('falls as far as it expects to on a linear problem', () => {
    const residual = [1, -2, 0.5, 3]
    const problem = normal(columns, residual)
    const move = boundedMove(problem, 0.1, wide)
    const after = residual.map((value, i) => columns.reduce((sum, column, k) => sum + column[i] * move[k], value))
    const square = (values: readonly number[]) => values.reduce((sum, value) => sum + value * value, 0)
    expect(predictedFall(problem, move)).toBeCloseTo(square(residual) - square(after), 10)
  })
})

describe('solveSymmetric', () => {
  it('solves', () => {
    const x = solveSymmetric([[4, 1], [1, 3]], [6, 7]) // prettier-ignore
    expect(x[0]).toBeCloseTo(1, 12)
    expect(x[1]).toBeCloseTo(2, 12)
  })
})
