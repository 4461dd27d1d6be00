import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { corrected, secantOf, type Secant } from '../../src/distill/secant.js'

const COLUMNS = 3
const VALUES = 6

type Matrix = readonly (readonly number[])[]

/** The linear problem of a Jacobian, given by its columns, in two parts. */
function problemOf(columns: Matrix, residual: readonly number[]): Secant {
  const parts = [
    [0, 2],
    [2, VALUES]
  ].map(([from, to]) => columns.map(column => Float32Array.from(column.slice(from, to))))
  return secantOf(normalOf(columns, residual), { parts, residual: Float64Array.from(residual) })
}

function normalOf(columns: Matrix, residual: readonly number[]) {
  const product = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0)
  return {
    matrix: columns.map(a => columns.map(b => product(a, b) / VALUES)),
    gradient: columns.map(a => product(a, residual) / VALUES)
  }
}

/** Broyden's update written out: the columns that explain a change of the residual along a move. */
function explained(
  columns: Matrix,
  weights: readonly number[],
  move: readonly number[],
  change: readonly number[]
): Matrix {
  const square = move.reduce((sum, value, k) => sum + weights[k] * value * value, 0)
  const rest = change.map((value, i) => value - columns.reduce((sum, column, k) => sum + column[i] * move[k], 0))
  return columns.map((column, k) => column.map((value, i) => value + (rest[i] * weights[k] * move[k]) / square))
}

const value = fc.integer({ min: -8, max: 8 }).map(whole => whole / 4)
const vector = (length: number) => fc.array(value, { minLength: length, maxLength: length })
const columns = fc.array(vector(VALUES), { minLength: COLUMNS, maxLength: COLUMNS })
const moving = vector(COLUMNS).filter(move => move.every(each => each !== 0))

function expectNear(a: Secant['normal'], b: Secant['normal']) {
  const scale = 1 + Math.max(...b.matrix.flat().map(Math.abs), ...b.gradient.map(Math.abs))
  const all = [...a.matrix.flat(), ...a.gradient]
  const others = [...b.matrix.flat(), ...b.gradient]
  all.forEach((each, i) => {
    expect(Math.abs(each - others[i]) / scale).toBeLessThan(1e-9)
  })
}

describe('a linear problem that moves correct', () => {
  it('is that of the nearest Jacobian which explains each move, whether it is followed or not', () => {
    const move = fc.record({ move: moving, after: vector(VALUES), stays: fc.boolean() })
    fc.assert(
      fc.property(
        columns,
        vector(VALUES),
        fc.array(move, { minLength: 1, maxLength: 3 }),
        (jacobian, residual, moves) => {
          fc.pre(jacobian.every(column => column.some(each => each !== 0)))
          let [problem, known, here] = [
            problemOf(jacobian, residual),
            jacobian as Matrix,
            residual as readonly number[]
          ]
          for (const { move, after, stays } of moves) {
            const weights = normalOf(known, here).matrix.map((row, k) => row[k])
            fc.pre(weights.every(weight => weight > 1e-3))
            problem = corrected(problem, move, Float64Array.from(after), stays)
            const change = after.map((each, i) => each - here[i])
            known = explained(known, weights, move, change)
            if (!stays) here = after
            expect([...problem.residual]).toEqual(here)
            expectNear(problem.normal, normalOf(known, here))
          }
        }
      )
    )
  })

  it('stays as it is where residuals change as it foretells, and where nothing moves', () => {
    const jacobian = [
      [1, 0, 2, 0, 1, 0],
      [0, 1, 0, 2, 0, 1],
      [1, 1, 0, 0, 1, 1]
    ]
    const residual = [1, -1, 0.5, 2, 0, 1]
    const problem = problemOf(jacobian, residual)
    const move = [0.5, -1, 2]
    const after = residual.map((value, i) => value + jacobian.reduce((sum, column, k) => sum + column[i] * move[k], 0))
    expectNear(corrected(problem, move, Float64Array.from(after), false).normal, normalOf(jacobian, after))
    expect(corrected(problem, [0, 0, 0], Float64Array.from(after), true)).toBe(problem)
  })
})
