import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parametrisation } from '../../src/models/parametrisation.js'
import { falls } from '../../src/solvers/predictor.js'
import type { RangedModel } from '../../src/solvers/range.js'
import { schedule, type ExplicitOptions, type ScheduleType } from '../../src/solvers/schedule.js'
import { teacherGrid } from '../../src/solvers/teacher.js'
import { fixture, relativeError } from '../support/fixture.js'

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

  it("has the time points of the paper's code in single precision", () => {
    const published = fixture<Record<string, number[]>>('paper-float32-sigmas.json')
    const range = { rho: 1, sigmaMin: 0.002, sigmaMax: 80 }
    for (const [name, expected] of Object.entries(published)) {
      const numSteps = expected.length
      const sigmas = schedule({ type: 'time_uniform', ...range, numSteps, precision: 'float32' })
      expect(sigmas[0], name).toBe(expected[0])
      expect(sigmas[numSteps - 1], name).toBe(expected[numSteps - 1])
      // A power in single precision may be rounded either way.
      sigmas.forEach((sigma, i) => {
        expect(Math.abs(sigma / expected[i] - 1)).toBeLessThan(2.5e-7)
      })
      const exact = schedule({ type: 'time_uniform', ...range, numSteps })
      expect(Math.abs(exact[numSteps - 1] / expected[numSteps - 1] - 1)).toBeGreaterThan(6e-3)
    }
  })

  it.each(['polynomial', 'logsnr'] as const)('rounds %s to single precision, near the exact time points', type => {
    const options = { type, rho: 7, numSteps: 18, sigmaMin: 0.002, sigmaMax: 80 }
    const rounded = schedule({ ...options, precision: 'float32' })
    expect(rounded).toEqual(rounded.map(Math.fround))
    schedule(options).forEach((exact, i) => {
      expect(Math.abs(rounded[i] / exact - 1)).toBeLessThan(1e-5)
    })
  })

  it("refines single precision's time points to ones among which they are", () => {
    const grid = {
      type: 'time_uniform',
      rho: 1,
      sigmaMin: 0.002,
      sigmaMax: 80,
      precision: 'float32',
      numSteps: 5
    } as const
    const { sigmas, every } = teacherGrid(grid, { refine: 3, substeps: 2 })
    expect(sigmas.filter((_, i) => i % every === 0)).toEqual(schedule(grid))
  })
})

/** A chain of ten steps, and a flow. */
const chain = parametrisation('epsilon', {
  type: 'steps',
  betas: { schedule: 'linear', start: 0.01, end: 0.3, steps: 10 }
})
const flow = parametrisation('flow', { type: 'flow', times: 1000, first: 0.001, last: 0.99 })
const edm: RangedModel = { sigmaMin: 0, sigmaMax: Infinity }

describe('the ends of a schedule', () => {
  it("are the model's where none are given", () => {
    for (const type of ['polynomial', 'logsnr', 'discrete'] as const)
      for (const model of [chain, flow]) {
        const sigmas = schedule({ type, rho: 1, numSteps: 4, model })
        expect(sigmas[0] / model.sigmaMax).toBeCloseTo(1, 9)
        expect(sigmas[3] / model.sigmaMin).toBeCloseTo(1, 6)
      }
    expect([...schedule({ type: 'logsnr', rho: 1, numSteps: 2, model: chain, sigmaMax: 1 })]).toEqual([
      1,
      expect.closeTo(chain.sigmaMin, 12)
    ])
  })

  it("are EDM's where the model leaves them open, and needed where there is no model", () => {
    const sigmas = schedule({ type: 'polynomial', rho: 7, numSteps: 3, model: edm })
    expect(
      relativeError(sigmas, schedule({ type: 'polynomial', rho: 7, numSteps: 3, sigmaMin: 0.002, sigmaMax: 80 }))
    ).toBe(0)
    expect(() => schedule({ type: 'polynomial', rho: 7, numSteps: 3 })).toThrow('sigmaMin and sigmaMax are needed')
  })

  it('may not leave the range of a bounded model, but by their last digits', () => {
    const at = (factor: number) => () =>
      schedule({ type: 'logsnr', rho: 1, numSteps: 3, model: chain, sigmaMax: chain.sigmaMax * factor })
    expect(at(1.005)).not.toThrow()
    expect(at(2)).toThrow(`the model was trained from ${Number(chain.sigmaMax.toPrecision(6))} to`)
    expect(() => schedule({ type: 'explicit', sigmas: [1, 1e-6], model: chain })).toThrow('leave the')
    expect(() => schedule({ type: 'explicit', sigmas: [1, chain.sigmaMin, 0], model: chain })).not.toThrow()
  })
})

describe('an explicit schedule', () => {
  it('is the list of noise levels, down to 0', () => {
    expect([...schedule({ type: 'explicit', sigmas: [80, 3, 0] })]).toEqual([80, 3, 0])
    expect([...schedule({ type: 'explicit', sigmas: [80, 3], finalSigma: 'zero' })]).toEqual([80, 3, 0])
    expect([...schedule({ type: 'explicit', sigmas: [80, 3, 0], finalSigma: 'zero' })]).toEqual([80, 3, 0])
  })

  it("takes timesteps of a model to their noise levels, and the model's network is told them again", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.double({ min: 0, max: 9, noNaN: true }), { minLength: 2, maxLength: 8, comparator: near }),
        steps => {
          const timesteps = steps.sort((a, b) => b - a)
          const sigmas = schedule({ type: 'explicit', timesteps, model: chain })
          sigmas.forEach((sigma, i) => {
            expect(chain.at(sigma).noise).toBeCloseTo(timesteps[i], 7)
          })
        }
      )
    )
    const whole = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    expect(
      [...schedule({ type: 'explicit', timesteps: whole, model: chain })].map(sigma => chain.at(sigma).noise)
    ).toEqual(whole)
    expect([...schedule({ type: 'explicit', timesteps: [500, 100], model: flow, finalSigma: 'zero' })]).toEqual([
      expect.closeTo(1, 12),
      expect.closeTo(1 / 9, 12),
      0
    ])
  })

  it.each([
    [{ sigmas: [1, 2] }, 'the time points must fall, with 0 only at the end; number 2 is 2 after 1'],
    [{ sigmas: [2, 0, 0] }, 'number 2 is 0 after 2'],
    [{ sigmas: [2, NaN] }, 'number 2 is NaN after 2'],
    [{ sigmas: [2] }, '2 or more time points are needed'],
    [{ sigmas: [2, 1], timesteps: [3, 2] }, 'needs one of sigmas, times and timesteps'],
    [{}, 'needs one of sigmas, times and timesteps'],
    [{ timesteps: [3, 2] }, 'timesteps need a model that is told steps'],
    [{ timesteps: [10, 2], model: chain }, 'timesteps must be from 0 to 9, which the model knows, found 10'],
    [{ sigmas: [2, 1], numSteps: 3 }, 'numSteps must be 2']
  ] satisfies [Omit<ExplicitOptions, 'type'>, string][])('refuses %o', (options, message) => {
    expect(() => schedule({ type: 'explicit', ...options })).toThrow(message)
  })

  it('is refined in its own intervals for a teacher, which stops above 0', () => {
    const { sigmas, every } = teacherGrid({ type: 'explicit', sigmas: [80, 3, 0.5, 0] }, { refine: 1, substeps: 3 })
    expect(every).toBe(6)
    expect([...sigmas.filter((_, i) => i % every === 0)]).toEqual([80, 3, 0.5])
    expect(sigmas.length).toBe(13)
    expect(falls(sigmas)).toBe(true)
  })
})

describe('a final noise level of 0', () => {
  it('comes after the time points of one step less', () => {
    const options = { type: 'polynomial', rho: 7, sigmaMin: 0.002, sigmaMax: 80 } as const
    const ended = schedule({ ...options, numSteps: 5, finalSigma: 'zero' })
    expect([...ended]).toEqual([...schedule({ ...options, numSteps: 4 }), 0])
    expect(teacherGrid({ ...options, numSteps: 5, finalSigma: 'zero' }, { refine: 1, substeps: 1 })).toEqual(
      teacherGrid({ ...options, numSteps: 4 }, { refine: 1, substeps: 1 })
    )
    expect(() => schedule({ ...options, numSteps: 2, finalSigma: 'zero' })).toThrow('numSteps of 3 or more')
  })
})

function near(a: number, b: number): boolean {
  return Math.abs(a - b) < 1e-3
}
