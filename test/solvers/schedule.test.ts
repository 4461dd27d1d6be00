import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { schedule, type ScheduleType } from '../../src/solvers/schedule.js'
import { fixture, relativeError } from './reference.js'

interface Case {
  type: ScheduleType
  rho: number
  num_steps: number
  sigma_min: number
  sigma_max: number
  sigmas: number[]
}

const cases = fixture<Case[]>('schedules.json')

describe('schedule', () => {
  it(`has the paper's time points in all ${cases.length} reference cases`, () => {
    expect(cases.length).toBe(60)
    for (const c of cases) {
      const sigmas = schedule({
        type: c.type,
        rho: c.rho,
        numSteps: c.num_steps,
        sigmaMin: c.sigma_min,
        sigmaMax: c.sigma_max
      })
      for (let i = 0; i < sigmas.length; i++)
        expect(Math.abs(sigmas[i] / c.sigmas[i] - 1), JSON.stringify(c)).toBeLessThan(1e-9)
    }
  })

  it('in a time with sigma(t) = t, discrete is polynomial', () => {
    const range = { rho: 3, numSteps: 7, sigmaMin: 0.01, sigmaMax: 50 }
    const model = { time: { sigma: (t: number) => t, inverse: (sigma: number) => sigma } }
    const discrete = schedule({ type: 'discrete', ...range, model })
    expect(relativeError(discrete, schedule({ type: 'polynomial', ...range }))).toBeLessThan(1e-14)
  })

  it('falls from sigmaMax to sigmaMin whatever its options', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<ScheduleType>('polynomial', 'logsnr', 'time_uniform'),
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 2, max: 40 }),
        fc.double({ min: 0.001, max: 0.02, noNaN: true }),
        fc.double({ min: 1, max: 100, noNaN: true }),
        (type, rho, numSteps, sigmaMin, sigmaMax) => {
          const sigmas = schedule({ type, rho, numSteps, sigmaMin, sigmaMax })
          expect(sigmas.length).toBe(numSteps)
          expect(sigmas[0] / sigmaMax).toBeCloseTo(1, 9)
          expect(sigmas[numSteps - 1] / sigmaMin).toBeCloseTo(1, 6)
          for (let i = 1; i < numSteps; i++) expect(sigmas[i]).toBeLessThan(sigmas[i - 1])
        }
      )
    )
  })

  it('refuses what is no schedule', () => {
    const range = { rho: 7, sigmaMin: 0.002, sigmaMax: 80 }
    expect(() => schedule({ type: 'polynomial', ...range, numSteps: 1 })).toThrow(RangeError)
    expect(() => schedule({ type: 'polynomial', ...range, numSteps: 3, sigmaMin: 100 })).toThrow(RangeError)
    expect(() => schedule({ type: 'time_uniform', rho: 1, numSteps: 3, sigmaMin: 0.5, sigmaMax: 1 })).toThrow(/widen/)
    expect(() => schedule({ type: 'discrete', ...range, numSteps: 3 })).toThrow(/time of its own/)
  })
})
