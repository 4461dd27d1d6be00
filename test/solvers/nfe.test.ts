import { describe, expect, it } from 'vitest'
import { nearestNfe, numStepsFor, parallelNfe } from '../../src/solvers/nfe.js'
import { bound, type PlainSolverOptions, type SolverOptions } from '../../src/solvers/options.js'
import { schedule } from '../../src/solvers/schedule.js'
import { solve } from '../../src/solvers/solve.js'
import { mixture } from '../support/mixture.js'

const table = (steps: number) => Array.from({ length: steps }, () => [0, 0, 0])

function solver(name: PlainSolverOptions['name'] | 'epd', afs: boolean, steps: number): SolverOptions {
  if (name !== 'epd') return { name, afs }
  const tables = { r: table(steps), weight: table(steps), scaleDir: table(steps), scaleTime: table(steps) }
  return { name, afs, predictor: { ...tables, ranges: { scaleDir: 0.05, scaleTime: 0.05 } } }
}

describe('parallelNfe', () => {
  const names = ['euler', 'ipndm', 'dpmpp', 'unipc', 'deis', 'heun', 'dpm2', 'epd'] as const
  const cases = names.flatMap(name => [false, true].flatMap(afs => [2, 3, 6].map(n => ({ name, afs, n }))))

  it.each(cases)('is what the driver counts: $name, afs $afs, $n time points', async ({ name, afs, n }) => {
    const sigmas = schedule({ type: 'polynomial', rho: 7, numSteps: n, sigmaMin: 0.002, sigmaMax: 80 })
    const x = Float64Array.from({ length: 12 }, (_, i) => 80 * Math.sin(1 + i * i))
    const { nfe } = await solve({ model: mixture, solver: solver(name, afs, n - 1), x, sigmas })
    expect(parallelNfe(bound({ name, afs }), n)).toBe(nfe)
    if (!(name === 'unipc' && n === 3)) expect(numStepsFor(bound({ name, afs }), nfe)).toBe(n)
  })

  it('cannot be even for a solver of two stages with afs: the nearest are told', () => {
    expect(numStepsFor(bound({ name: 'epd', afs: true }), 4)).toBeUndefined()
    expect(nearestNfe(bound({ name: 'epd', afs: true }), 4)).toEqual([3, 5])
    expect(nearestNfe(bound({ name: 'heun', afs: false }), 1)).toEqual([2, 4])
    expect(nearestNfe(bound({ name: 'heun', afs: false }), 7)).toEqual([6, 8])
  })
})
