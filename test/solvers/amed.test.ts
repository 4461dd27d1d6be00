import { describe, expect, it } from 'vitest'
import { amedStart } from '../../src/distill/amed.js'
import type { Denoiser } from '../../src/models/denoiser.js'
import { latents } from '../../src/random/latents.js'
import { amedSteps } from '../../src/solvers/amed.js'
import type { AmedPoint } from '../../src/solvers/amed-predictor.js'
import type { BaseName } from '../../src/solvers/methods.js'
import { drive } from '../../src/solvers/driver.js'
import { baseMethod } from '../../src/solvers/base.js'
import type { SolverOptions } from '../../src/solvers/options.js'
import { schedule } from '../../src/solvers/schedule.js'
import { solve } from '../../src/solvers/solve.js'
import { featured, FEATURES } from '../support/featured.js'
import { mixture, shape } from '../support/mixture.js'
import { relativeError } from '../support/fixture.js'

const sigmas = schedule({ type: 'time_uniform', rho: 1, numSteps: 5, sigmaMin: 0.002, sigmaMax: 80 })
const noise = (count: number) =>
  latents({ seeds: Array.from({ length: count }, (_, i) => i), shape }).map(value => 80 * value)
const ranges = { scaleDir: 0.05, scaleTime: 0.2 }
const predictor = { layers: amedStart(FEATURES, 1), ranges }
const raw = { r: 0.4, scaleDir: -1.3, scaleTime: 0.9 }
const logistic = (value: number) => 1 / (1 + Math.exp(-value))
/** What EPD makes of the raw numbers. */
const point: AmedPoint = {
  r: logistic(raw.r),
  scaleDir: 2 * logistic(raw.scaleDir / 2) * ranges.scaleDir + 1 - ranges.scaleDir,
  scaleTime: 2 * logistic(raw.scaleTime / 2) * ranges.scaleTime + 1 - ranges.scaleTime
}

async function constant(options: { afs?: boolean; base?: BaseName; maxOrder?: number }, at = point, points = sigmas) {
  const x = noise(1)
  const run = amedSteps({ x, samples: 1, sigmas: points }, options, () => at)
  const [outcome] = await drive([{ run }], { model: featured })
  return outcome
}

describe('amed', () => {
  it.each([false, true])('that always chooses the same is epd with one point, afs %s', async afs => {
    const table = (value: number) => Array.from({ length: 4 }, () => [value])
    const tables = { r: table(raw.r), weight: table(0), scaleDir: table(raw.scaleDir), scaleTime: table(raw.scaleTime) }
    const epd: SolverOptions = { name: 'epd', afs, predictor: { ...tables, ranges } }
    const expected = await solve({ model: mixture, solver: epd, x: noise(1), sigmas })
    const found = await constant({ afs })
    expect(relativeError(found.x, expected.x)).toBeLessThan(1e-12)
    expect(found.nfe).toBe(expected.nfe)
  })

  // At the middle, unscaled, a plug-in is its base on twice as many steps.
  it.each(['euler', 'ipndm', 'dpmpp', 'unipc', 'deis'] as const)(
    'plugged into %s that always chooses the middle is that method on twice as many steps',
    async base => {
      const halves = Float64Array.from({ length: 9 }, (_, k) =>
        k % 2 === 0 ? sigmas[k / 2] : Math.sqrt(sigmas[(k - 1) / 2] * sigmas[(k + 1) / 2])
      )
      const found = await constant({ afs: true, base, maxOrder: 3 }, { r: 0.5, scaleDir: 1, scaleTime: 1 })
      let x: Float64Array = noise(1)
      const method = baseMethod({ samples: 1, sigmas: halves }, { base, maxOrder: 3 })
      let state = method.init
      for (let i = 0; i < 8; i++) {
        const t = halves[i]
        const denoised = await mixture.denoise(x, Float64Array.of(t))
        const d = i === 0 ? x.map(v => v / Math.sqrt(1 + t * t)) : x.map((v, j) => (v - denoised[j]) / t)
        const step = method.step(state, { x, d, t, index: i })
        state = step.state
        x = step.lead(halves[i + 1])
      }
      expect(relativeError(found.x, x)).toBeLessThan(1e-9)
      expect(found.nfe).toBe(7)
    }
  )

  it('gives a sample the same bits whatever its batch, at times of its own', async () => {
    const solver: SolverOptions = { name: 'amed', afs: true, predictor }
    const [one, five] = [
      await solve({ model: featured, solver, x: noise(1), sigmas }),
      await solve({ model: featured, solver, x: noise(5), sigmas, batchSize: 3 })
    ]
    expect(five.x.subarray(0, one.x.length)).toEqual(one.x)
    expect(five).toMatchObject({ nfe: 7, evaluations: 7 })
  })

  it('gives each sample its own class', async () => {
    const seen: number[][] = []
    const labelled: Denoiser = {
      ...featured,
      labelDim: 3,
      denoise: (x, sigma, condition) => {
        seen.push([...(condition?.labels ?? [])])
        return featured.denoise(x, sigma)
      }
    }
    const condition = { labels: Int32Array.of(2, 0, 1) }
    await solve({ model: labelled, solver: { name: 'amed', afs: true, predictor }, x: noise(3), sigmas, condition })
    // In the middle of each of four steps; at their starts features are asked for.
    expect(seen).toEqual(Array.from({ length: 4 }, () => [2, 0, 1]))
  })

  it('asks for features at the start of each step that evaluates there, and of a sample alone', async () => {
    const asked: (true | undefined)[] = []
    const run = amedSteps({ x: noise(1), samples: 1, sigmas }, { afs: true }, features => {
      asked.push(features && true)
      return point
    })
    await drive([{ run }], { model: featured })
    expect(asked).toEqual([undefined, true, true, true])
    expect(() => amedSteps({ x: noise(2), samples: 2, sigmas }, {}, () => point)).toThrow(/one sample/)
  })

  it('is refused by a model that shows no bottleneck', async () => {
    const solver: SolverOptions = { name: 'amed', predictor }
    await expect(solve({ model: mixture, solver, x: noise(1), sigmas })).rejects.toThrow(/this model does not show/)
  })
})
