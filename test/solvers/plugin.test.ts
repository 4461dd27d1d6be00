import { describe, expect, it } from 'vitest'
import { faultsOf } from '../../src/solvers/check-descriptor.js'
import type { SolverDescriptor } from '../../src/solvers/descriptor.js'
import { numStepsFor, parallelNfe } from '../../src/solvers/nfe.js'
import { bound } from '../../src/solvers/options.js'
import { schedule } from '../../src/solvers/schedule.js'
import { solve } from '../../src/solvers/solve.js'
import ab2 from '../fixtures/plugins/ab2.js'
import { mixture } from '../support/mixture.js'
import { relativeError } from '../support/fixture.js'

const sigmas = schedule({ type: 'polynomial', rho: 7, numSteps: 9, sigmaMin: 0.002, sigmaMax: 80 })
const x = Float64Array.from({ length: 12 }, (_, i) => 80 * Math.sin(1 + i * i))
const end = async (solver: Parameters<typeof solve>[0]['solver'], points = sigmas) =>
  solve({ model: mixture, solver, x, sigmas: points })

describe('a multistep solver of one file', () => {
  it('is solved with as those of the project are, with its defaults', async () => {
    const found = await end({ descriptor: ab2 })
    const expected = await end({ name: 'ipndm', maxOrder: 2, variableStep: true })
    expect(relativeError(found.x, expected.x)).toBeLessThan(1e-12)
    expect(found.trajectory.length).toBe(sigmas.length)
  })

  it('takes its options', async () => {
    const found = await end({ descriptor: ab2, options: { share: 0, afs: true } })
    expect(relativeError(found.x, (await end({ name: 'euler', afs: true })).x)).toBeLessThan(1e-12)
    await expect(end({ descriptor: ab2, options: { share: 2 } })).rejects.toThrow(
      'ab2: share must be at least 0 and at most 1, found 2'
    )
  })

  it.each([false, true])('is counted as the driver counts, afs %s', async afs => {
    for (const zero of [false, true]) {
      const points = zero ? Float64Array.of(...sigmas, 0) : sigmas
      const { nfe } = await end({ descriptor: ab2, options: { afs } }, points)
      const solver = bound({ descriptor: ab2, options: { afs } })
      expect(parallelNfe(solver, points.length, zero)).toBe(nfe)
      expect(numStepsFor(solver, nfe, zero)).toBe(points.length)
    }
  })

  it('is refused a last time point of 0 where it says that it does not reach it', async () => {
    const descriptor = { ...ab2, reachesZero: false }
    await expect(end({ descriptor }, Float64Array.of(80, 1, 0))).rejects.toThrow(
      'ab2 does not reach a noise level of 0'
    )
  })
})

describe('faultsOf', () => {
  it('finds nothing wrong with a descriptor', () => {
    expect(faultsOf(ab2)).toEqual([])
  })

  it('says of each key what is wrong', () => {
    expect(faultsOf(undefined)).toEqual(['expected an object'])
    expect(faultsOf({ ...ab2, name: 'AB 2', order: 0, learns: 'points', method: undefined })).toEqual([
      'name: expected lower-case letters, digits and dashes after a letter',
      'order: expected a number above 0',
      'learns: expected "time-points" or "nothing"',
      'start: expected a function, or a multistep method as `method`'
    ])
  })
})

describe('a solver that is a generator', () => {
  const descriptor: SolverDescriptor = {
    ...ab2,
    name: 'leap',
    method: undefined,
    *start({ x: from, sigmas: [first, ...rest] }) {
      yield { reached: from }
      const [{ denoised }] = yield [{ x: from, sigma: first }]
      const states = rest.map(sigma => from.map((value, i) => denoised[i] + (sigma / first) * (value - denoised[i])))
      for (const reached of states) yield { reached }
      return states[states.length - 1]
    }
  }

  it('leaves the states that it yields as the trajectory', async () => {
    const { trajectory, nfe, x: last } = await end({ descriptor })
    expect(nfe).toBe(1)
    expect(trajectory.length).toBe(sigmas.length)
    expect(trajectory[0]).toEqual(x)
    expect(trajectory.at(-1)).toEqual(last)
  })

  it('is refused where it leaves states out', async () => {
    const silent: SolverDescriptor = {
      ...descriptor,
      *start({ x: from }) {
        const [{ denoised }] = yield [{ x: from, sigma: sigmas[0] }]
        return denoised
      }
    }
    await expect(end({ descriptor: silent })).rejects.toThrow(
      'leap: has not yielded the state at each of 9 time points'
    )
  })
})
