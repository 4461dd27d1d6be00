import { describe, expect, it } from 'vitest'
import { parallelNfe } from '../../src/solvers/nfe.js'
import { bound } from '../../src/solvers/options.js'
import { SOLVERS, solverNamed } from '../../src/solvers/registry.js'
import { schedule } from '../../src/solvers/schedule.js'
import { solve } from '../../src/solvers/solve.js'
import { mixture } from '../support/mixture.js'
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

  const ordered = SOLVERS.filter(solver => 'order' in solver)
  it.each(ordered)('says of $name the highest order that its theory gives it', ({ name, order }) => {
    const own = orders.filter(one => titleOf(one).split(/[ ,]/)[0] === name)
    expect(Math.max(...own.map(({ theory }) => theory))).toBe(order)
  })

  it.each(SOLVERS)('describes $name and its options in sentences', ({ title, options }) => {
    for (const text of [title, ...Object.values(options).map(({ description }) => description)])
      expect(text).toMatch(/\.$/)
  })

  /** Solvers that need nothing that was learned. */
  const plain = SOLVERS.filter(({ learns }) => learns === 'time-points')
  const cases = plain.flatMap(descriptor =>
    [false, true].flatMap(zero => [false, true].map(afs => ({ name: descriptor.name, descriptor, zero, afs })))
  )

  it.each(cases.filter(({ descriptor, zero }) => descriptor.reachesZero || !zero))(
    'counts the evaluations that $name takes, afs $afs, a last 0 $zero',
    async ({ descriptor, zero, afs }) => {
      const points = schedule({ type: 'polynomial', rho: 7, numSteps: 5, sigmaMin: 0.002, sigmaMax: 80 })
      const sigmas = zero ? Float64Array.of(...points, 0) : points
      const solver = bound({ descriptor, options: { afs } })
      const x = Float64Array.from({ length: 12 }, (_, i) => 80 * Math.sin(1 + i * i))
      const { nfe, x: end } = await solve({ model: mixture, solver, x, sigmas })
      expect(nfe).toBe(parallelNfe(solver, sigmas.length, zero))
      expect(end.every(Number.isFinite)).toBe(true)
    }
  )
})
