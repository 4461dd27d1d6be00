import { describe, expect, it } from 'vitest'
import { distill } from '../../src/distill/distill.js'
import { teach } from '../../src/distill/teach.js'
import { parametrised, type ParametrisedOptions } from '../../src/models/parametrised.js'
import type { Denoiser } from '../../src/models/denoiser.js'
import { latents } from '../../src/random/latents.js'
import { schedule } from '../../src/solvers/schedule.js'
import { solve } from '../../src/solvers/solve.js'
import { mixture, shape } from '../support/mixture.js'
import { fixture } from '../support/fixture.js'
import { largestDifference } from '../networks/reference.js'

const { weights, means, stds } = fixture<{ weights: number[]; means: number[][]; stds: number[][] }>('gmm.json')
const size = means[0].length

/**
 * E[n - x0 | x_t] of the mixture at x_t = (1 - t) x0 + t n, from the means and variances that x_t has in each
 * component.
 */
function velocity(x: Float64Array, t: number): number[] {
  const variance = (k: number, i: number) => (1 - t) ** 2 * stds[k][i] ** 2 + t ** 2
  const off = (k: number, i: number) => x[i] - (1 - t) * means[k][i]
  const logs = weights.map((weight, k) => {
    const each = means[k].map((_, i) => off(k, i) ** 2 / variance(k, i) + Math.log(variance(k, i)))
    return Math.log(weight) - each.reduce((sum, value) => sum + value, 0) / 2
  })
  const most = Math.max(...logs)
  const shares = logs.map(log => Math.exp(log - most))
  const total = shares.reduce((sum, share) => sum + share, 0)
  // In a component n and x0 are linear in x_t: n by t / variance, x0 by (1 - t) std^2 / variance.
  return Array.from({ length: size }, (_, i) =>
    shares.reduce((sum, share, k) => {
      const slope = (t - (1 - t) * stds[k][i] ** 2) / variance(k, i)
      return sum + (share / total) * (slope * off(k, i) - means[k][i])
    }, 0)
  )
}

const flow = parametrised({
  shape,
  predicts: 'flow',
  noise: { type: 'flow', times: 1, first: 0.002, last: 0.999 },
  predict: (x, told) =>
    Promise.resolve(
      Float64Array.from([...told].flatMap((time, b) => velocity(x.subarray(b * size, (b + 1) * size), time)))
    )
})

describe('a flow-matching mixture', () => {
  const range = { sigmaMin: flow.sigmaMin, sigmaMax: 80 }
  const sigmas = schedule({ type: 'time_uniform', rho: 1, numSteps: 4, ...range })

  it('is noisiest just below t = 1', () => {
    expect([flow.sigmaMin, flow.sigmaMax]).toEqual([0.002 / 0.998, 0.999 / (1 - 0.999)])
  })

  it('is the variance-exploding mixture', async () => {
    const sigma = Float64Array.of(0.01, 0.3, 2, 40, 900)
    const x = latents({ seeds: [0, 1, 2, 3, 4], shape }).map((value, i) => value * (1 + sigma[Math.floor(i / size)]))
    expect(largestDifference(await flow.denoise(x, sigma), await mixture.denoise(x, sigma))).toBeLessThan(1e-10)
  })

  it.each(['epd', 'ipndm'] as const)('distilled with %s gives the same samples to 1e-9', async base => {
    const of = async (model: Denoiser) => {
      const teacher = (seeds: readonly number[]) =>
        teach({
          model,
          seeds,
          teacher: {
            solver: { name: 'heun', afs: false },
            refine: 3,
            substeps: 1,
            grid: { type: 'time_uniform', rho: 1, numSteps: 4, ...range }
          }
        })
      const student = {
        name: 'epd',
        afs: true,
        points: 2,
        ranges: { scaleDir: 0.05, scaleTime: 0 },
        base: base === 'epd' ? 'euler' : 'ipndm',
        maxOrder: 2
      } as const
      const seeds = [...Array(32).keys()]
      const [{ trajectories }, validation] = [await teacher(seeds), await teacher(seeds.map(seed => seed + 100))]
      const { learned } = await distill({
        ...{ model, student, sigmas, teacher: trajectories, validation: validation.trajectories },
        optimizer: { name: 'levenberg-marquardt', iterations: 3, finalIterations: 1 }
      })
      const x = latents({ seeds: [200, 201, 202], shape }).map(value => value * sigmas[0])
      return (await solve({ model, solver: { ...student, predictor: learned }, x, sigmas })).x
    }
    expect(largestDifference(await of(flow), await of(mixture))).toBeLessThan(1e-9)
  })
})

describe.each(['sigma', 'steps', 'flow'] as const)('the mixture on noisy images of %s', type => {
  const noises = {
    sigma: { type: 'sigma', told: 'quarter-log', sigmaMin: 0.002, sigmaMax: 80 },
    steps: { type: 'steps', betas: { schedule: 'scaled-linear', start: 0.00085, end: 0.012, steps: 1000 } },
    flow: { type: 'flow', times: 1, first: 0.001, last: 0.999 }
  } as const

  it.each(['epsilon', 'v', 'x0', 'flow'] as const)('is itself, whichever of them it answers: %s', async predicts => {
    const sigma = Float64Array.of(0.05, 0.7, 9)
    const [alpha, s] = [
      { sigma: () => 1, steps: (at: number) => 1 / Math.hypot(1, at), flow: (at: number) => 1 / (1 + at) }[type],
      (at: number) => at
    ]
    // The network's answer from the posterior mean x0, by each definition.
    const predict: ParametrisedOptions['predict'] = async x => {
      const alphas = Array.from(sigma, alpha)
      const exploding = x.map((value, i) => value / alphas[Math.floor(i / size)])
      const denoised = await mixture.denoise(exploding, sigma)
      return denoised.map((x0, i) => {
        const b = Math.floor(i / size)
        const n = (exploding[i] - x0) / s(sigma[b])
        if (predicts === 'x0') return x0
        if (predicts === 'epsilon') return n
        return predicts === 'v' ? alphas[b] * n - alphas[b] * sigma[b] * x0 : n - x0
      })
    }
    const model = parametrised({ shape, predicts, noise: noises[type], predict })
    const x = latents({ seeds: [0, 1, 2], shape }).map((value, i) => value * (1 + sigma[Math.floor(i / size)]))
    expect(largestDifference(await model.denoise(x, sigma), await mixture.denoise(x, sigma))).toBeLessThan(1e-10)
  })
})
