import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parametrisation, type NoiseSpec } from '../../src/models/parametrisation.js'
import { preconditioning } from '../../src/models/preconditionings.js'

const chains: readonly NoiseSpec[] = [
  { type: 'steps', betas: { schedule: 'linear', start: 1e-4, end: 0.02, steps: 1000 } },
  { type: 'steps', betas: { schedule: 'scaled-linear', start: 0.00085, end: 0.012, steps: 1000 } },
  { type: 'steps', betas: { schedule: 'cosine', steps: 50 } },
  { type: 'steps', betas: { alphaBars: [0.99, 0.5, 0.01] } },
  { type: 'steps', betas: { schedule: 'linear', start: 1e-4, end: 0.02, steps: 1000 }, rounding: 'nearest' }
]
const flows: readonly NoiseSpec[] = [
  { type: 'flow', times: 1, first: 0.001, last: 0.999 },
  { type: 'flow', times: 1000, first: 0.02, last: 0.9 }
]

describe('what a network is told', () => {
  it.each([...chains, ...flows])('lies within what it knows, whatever the noise level: %o', noise => {
    const { at, time } = parametrisation(noise.type === 'flow' ? 'flow' : 'epsilon', noise)
    const { first, last } = time!.told!
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), sigma => {
        const { noise: told, ...rest } = at(sigma)
        expect(told).toBeGreaterThanOrEqual(first)
        expect(told).toBeLessThanOrEqual(last)
        if (noise.type === 'steps' && noise.rounding) expect(Number.isInteger(told)).toBe(true)
        expect(Object.values(rest).every(Number.isFinite)).toBe(true)
      })
    )
    expect(at(1e-6).noise).toBe(first)
    expect(at(1e6).noise).toBe(last)
  })

  it.each(chains)('is a whole step at the noise level of each: %o', noise => {
    const { at, time } = parametrisation('epsilon', noise)
    const { last, sigma } = time!.told!
    for (let step = 0; step <= last; step++) expect(at(sigma(step)).noise).toBe(step)
  })

  it('lies between two steps, or is the nearest with rounding, which what is smooth does without', () => {
    const [exact, , , , nearest] = chains.map(noise => parametrisation('epsilon', noise))
    const sigma = exact.time!.told!.sigma(700.4)
    expect(exact.at(sigma).noise).toBeCloseTo(700.4, 8)
    expect(nearest.at(sigma).noise).toBe(700)
    expect(nearest.unrounded!(sigma)).toBeCloseTo(700.4, 8)
    expect({ ...nearest.at(sigma), noise: 0 }).toEqual({ ...exact.at(sigma), noise: 0 })
  })

  it.each([
    ['iDDPMPrecond', 999],
    ['VPPrecond', 999],
    ['GuidedDiffusion', 999]
  ])('lies within the steps of %s too', (name, last) => {
    const { at } = preconditioning(name, {})
    expect(at(1e-7).noise).toBeGreaterThanOrEqual(0)
    expect(at(1e-7).noise).toBeLessThan(1)
    expect(at(1e7).noise).toBe(last)
  })
})
