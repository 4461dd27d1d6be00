import { describe, expect, it } from 'vitest'
import { SOLVERS, solverNamed } from '../../src/solvers/registry.js'
import { titleOf, orders } from '../support/orders.js'

describe('the registry of solvers', () => {
  it('has each name once', () => {
    const names = SOLVERS.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
  })

  it('finds a solver by its name, and says which there are', () => {
    expect(solverNamed('heun').order).toBe(2)
    expect(() => solverNamed('rk45')).toThrow('there is no solver rk45; there are euler, heun')
  })

  it.each(SOLVERS)('says of $name the highest order that its theory gives it', ({ name, order }) => {
    const own = orders.filter(one => titleOf(one).split(/[ ,]/)[0] === name)
    expect(Math.max(...own.map(({ theory }) => theory))).toBe(order)
  })

  it.each(SOLVERS)('describes $name and its options in sentences', ({ title, options }) => {
    for (const text of [title, ...Object.values(options).map(({ description }) => description)])
      expect(text).toMatch(/\.$/)
  })
})
