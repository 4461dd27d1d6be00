import { describe, expect, it } from 'vitest'
import { preconditioning } from '../../src/models/preconditionings.js'

const sigmas = [0.01, 0.3, 1, 7, 60]

describe('preconditioning', () => {
  it('gives a network inputs of unit variance (data variance 0.25 for EDM, none for VP and iDDPM)', () => {
    for (const sigma of sigmas) {
      expect(preconditioning('EDMPrecond', {}).at(sigma).in ** 2 * (0.25 + sigma ** 2)).toBeCloseTo(1, 12)
      for (const name of ['VPPrecond', 'iDDPMPrecond'])
        expect(preconditioning(name, {}).at(sigma).in ** 2 * (1 + sigma ** 2)).toBeCloseTo(1, 12)
      expect(preconditioning('VEPrecond', {}).at(sigma)).toEqual({
        skip: 1,
        out: sigma,
        in: 1,
        noise: Math.log(0.5 * sigma)
      })
    }
  })

  it('of EDM asks a perfect network for unit variance: out^2 = data^2 sigma^2 in^2, skip = data^2 in^2', () => {
    for (const sigma of sigmas) {
      const at = preconditioning('EDMPrecond', { sigma_data: 0.7 }).at(sigma)
      expect(at.out).toBeCloseTo(0.7 * sigma * at.in, 12)
      expect(at.skip).toBeCloseTo(0.49 * at.in ** 2, 12)
      expect(at.noise).toBe(Math.log(sigma) / 4)
    }
  })

  it('of VP knows its time: inverse(sigma(t)) = t, and tells the network 999 t', () => {
    const { time, at, sigmaMax } = preconditioning('VPPrecond', {})
    for (const t of [1e-4, 0.1, 0.5, 1]) {
      const sigma = time!.sigma(t)
      expect(time!.inverse(sigma)).toBeCloseTo(t, 10)
      expect(at(sigma).noise).toBeCloseTo(999 * t, 6)
    }
    // exp(19.9 / 2 + 0.1) - 1 is the variance at t = 1.
    expect(sigmaMax).toBeCloseTo(Math.sqrt(Math.exp(10.05) - 1), 9)
  })

  it("of iDDPM tells the network the nearest level's index, counted from the least noise", () => {
    const { at, sigmaMin, sigmaMax, learnedVariance } = preconditioning('iDDPMPrecond', {})
    expect(learnedVariance).toBe(true)
    expect(at(sigmaMax).noise).toBe(999)
    expect(at(sigmaMin).noise).toBe(0)
    expect(at(1e9).noise).toBe(999)
    const noises = Array.from({ length: 200 }, (_, i) => at(sigmaMin * (sigmaMax / sigmaMin) ** (i / 199)).noise)
    expect(noises.every((noise, i) => Number.isInteger(noise) && (i === 0 || noise >= noises[i - 1]))).toBe(true)
  })

  it("of iDDPM has a noise level without rounding: the rounded one's at each level, rising in between", () => {
    const { at, unrounded, sigmaMin, sigmaMax } = preconditioning('iDDPMPrecond', {})
    const sigmas = Array.from({ length: 3000 }, (_, i) => sigmaMin * (sigmaMax / sigmaMin) ** (i / 2999))
    const noises = sigmas.map(sigma => unrounded!(sigma))
    expect(unrounded!(sigmaMax)).toBe(999)
    expect(unrounded!(sigmaMin)).toBeCloseTo(0, 9)
    for (const [i, sigma] of sigmas.entries()) {
      expect(Math.abs(noises[i] - at(sigma).noise)).toBeLessThan(1)
      if (i > 0) expect(noises[i]).toBeGreaterThan(noises[i - 1])
    }
  })

  it('names a class that it does not know', () => {
    expect(() => preconditioning('FlowPrecond', {})).toThrow(/is a FlowPrecond; known are EDMPrecond, VPPrecond/)
    expect(() => preconditioning('EDMPrecond', { sigma_data: 'half' })).toThrow(
      /sigma_data must be a number, found "half"/
    )
  })
})

describe('a chain', () => {
  it.each(['VPPrecond', 'iDDPMPrecond'])('of %s has from two to a million steps', name => {
    for (const M of [1, 1.5, -3, 1e300, 2 ** 40])
      expect(() => preconditioning(name, { M })).toThrow(
        `the checkpoint's M must be a whole number from 2 to 1000000, found ${M}`
      )
    expect(preconditioning(name, { M: 2 }).at(1).noise).toBeLessThanOrEqual(1)
  })

  const linear = { schedule: 'linear', start: 1e-4, end: 0.02, steps: 1000 }

  it.each([
    [{ ...linear, schedule: 'sqrt' }, /betas\.schedule must be linear or .*, found "sqrt"/],
    [{ ...linear, steps: 1e300 }, /betas\.steps must be a whole number from 2 to 1000000, found 1e\+300/],
    [{ ...linear, steps: undefined }, /betas\.steps must be a number/],
    [{ ...linear, end: null }, /betas\.end must be a number, found null/],
    [{ ...linear, snrShift: 'no' }, /betas\.snrShift must be a number, found "no"/],
    [{ ...linear, between: 'time' }, /betas\.between must be log-alpha or log-sigma/],
    [{ alphaBars: '0.9' }, /betas\.alphaBars must be a list of numbers/],
    ['linear', /betas and predicts must be a chain/]
  ])('that a checkpoint describes by %j is refused', (betas, message) => {
    expect(() => preconditioning('Stepwise', { betas, predicts: 'epsilon' })).toThrow(message)
  })

  it('that a checkpoint describes whole is read', () => {
    for (const betas of [linear, { schedule: 'cosine', steps: 10, between: 'log-sigma' }, { alphaBars: [0.9, 0.1] }])
      expect(preconditioning('Stepwise', { betas, predicts: 'epsilon' }).time?.told?.last).toBe(
        'alphaBars' in betas ? 1 : betas.steps - 1
      )
  })
})

describe('guided-diffusion', () => {
  it.each(['linear', 'cosine'])('tells the network its step: at step i of the %s chain, i', noise_schedule => {
    const { at, time, sigmaMin, sigmaMax } = preconditioning('GuidedDiffusion', { noise_schedule })
    expect(at(sigmaMin).noise).toBeCloseTo(0, 6)
    expect(at(sigmaMax).noise).toBeCloseTo(999, 6)
    for (const step of [0, 1, 17, 500, 998.5]) expect(at(time!.sigma((step + 1) / 1000)).noise).toBeCloseTo(step, 6)
  })

  it('has the noise of its chain: linear betas from 0.0001 to 0.02', () => {
    const { sigmaMin, sigmaMax } = preconditioning('GuidedDiffusion', {})
    expect(sigmaMin).toBeCloseTo(Math.sqrt(1e-4 / (1 - 1e-4)), 9)
    const alphaBar = Array.from({ length: 1000 }, (_, i) => 1 - (1e-4 + (0.0199 * i) / 999)).reduce((a, b) => a * b)
    expect(sigmaMax).toBeCloseTo(Math.sqrt(1 / alphaBar - 1), 6)
  })

  it('goes on where the chain has no step', () => {
    const { time } = preconditioning('GuidedDiffusion', {})
    for (const sigma of [0.002, 0.005, 80, 157, 200]) expect(time!.sigma(time!.inverse(sigma))).toBeCloseTo(sigma, 6)
  })
})

it("consistency models read 1000 times EDM's noise level", () => {
  const [ours, edm] = ['KarrasDenoiser', 'EDMPrecond'].map(name => preconditioning(name, {}))
  for (const sigma of sigmas) expect(ours.at(sigma)).toEqual({ ...edm.at(sigma), noise: 250 * Math.log(sigma) })
})
