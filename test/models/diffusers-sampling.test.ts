import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Model } from '../../src/models/model.js'
import { openModel } from '../../src/models/open.js'
import type { SolverOptions } from '../../src/solvers/options.js'
import { schedule, type ScheduleOptions } from '../../src/solvers/schedule.js'
import { solve } from '../../src/solvers/solve.js'
import { fixture, relativeError } from '../support/fixture.js'

/**
 * What a scheduler of diffusers did with a tiny network: noise levels, what the network was told, the state it began
 * with and its last one.
 */
interface Run {
  readonly sigmas: readonly number[]
  readonly told: readonly number[]
  readonly x0: readonly number[]
  readonly final: readonly number[]
}

const runs = fixture<Record<string, Run>>('diffusers-sampling/runs.json.gz')
const checkpoint = fileURLToPath(new URL('../fixtures/diffusers-sampling/ddpm', import.meta.url))
const cacheDir = mkdtempSync(join(tmpdir(), 'epd-sampling-'))
const models = new Map<string, Model>()

beforeAll(async () => {
  const options = { checkpoint, cacheDir, clipDenoised: false, threads: 1 } as const
  models.set('none', await openModel(options))
  models.set('nearest', await openModel({ ...options, rounding: 'nearest' }))
})
afterAll(async () => {
  await Promise.all([...models.values()].map(model => model.close()))
  rmSync(cacheDir, { recursive: true })
})

const leading = [900, 800, 700, 600, 500, 400, 300, 200, 100, 0]
const trailing = [999, 899, 799, 699, 599, 499, 399, 299, 199, 99]
const linspace = [999, 888, 777, 666, 555, 444, 333, 222, 111, 0]
/** DPM-Solver's linspace: n + 1 points without the last. */
const linspaceOfDpm = [999, 899, 799, 699, 599, 500, 400, 300, 200, 100]

const steps = (timesteps: readonly number[], finalSigma?: 'zero'): ScheduleOptions => ({
  type: 'explicit',
  timesteps,
  finalSigma,
  noiseScale: 'unit-variance'
})
const karras = (numSteps: number, finalSigma?: 'zero'): ScheduleOptions => ({
  ...{ type: 'polynomial', rho: 7, numSteps, finalSigma, noiseScale: 'unit-variance' }
})
const dpmpp = { name: 'dpmpp', maxOrder: 2, thresholding: false, lowerOrderFinal: 'below-15' } as const
const unipc = { name: 'unipc', maxOrder: 2, thresholding: false } as const
const deis = { name: 'deis', mode: 'logrho', lowerOrderFinal: 'below-15' } as const

const of20 = Array.from({ length: 20 }, (_, i) => Math.round(999 - (999 * i) / 20))

const CASES: Readonly<
  Record<
    string,
    { schedule: ScheduleOptions; solver: SolverOptions; rounding?: 'nearest'; within?: number; spared?: number }
  >
> = {
  ddim: { schedule: steps(leading, 'zero'), solver: { name: 'euler' } },
  // Its images lie within 1, so that what single precision loses at high noise is more of them.
  'ddim-clip (the default)': {
    schedule: steps(leading, 'zero'),
    solver: { name: 'euler', clipSample: 1 },
    within: 5e-5
  },
  // It evaluates once more for a last step of no length.
  'ddim-not-to-one': { schedule: steps(leading), solver: { name: 'euler' }, spared: 1 },
  'ddim-offset-1': { schedule: steps([...leading.map(step => step + 1), 0]), solver: { name: 'euler' } },
  'ddim-trailing': { schedule: steps(trailing, 'zero'), solver: { name: 'euler' } },
  'dpmpp-2m': { schedule: steps(linspaceOfDpm, 'zero'), solver: dpmpp },
  'dpmpp-2m-karras': { schedule: karras(11, 'zero'), solver: dpmpp, rounding: 'nearest' },
  'dpmpp-3m': { schedule: steps(linspaceOfDpm, 'zero'), solver: { ...dpmpp, maxOrder: 3 } },
  'dpmpp-3m-20': { schedule: steps(of20, 'zero'), solver: { ...dpmpp, maxOrder: 3 } },
  'dpmpp-2m-heun-type': { schedule: steps(linspaceOfDpm, 'zero'), solver: { ...dpmpp, solverType: 'heun' } },
  'dpm-2m-noise': { schedule: steps([...linspaceOfDpm, 0]), solver: { ...dpmpp, predicts: 'noise' } },
  'unipc-2': { schedule: steps([...linspaceOfDpm, 0]), solver: unipc },
  'unipc-3': { schedule: steps([...linspaceOfDpm, 0]), solver: { ...unipc, maxOrder: 3 } },
  'unipc-2-bh1': { schedule: steps([...linspaceOfDpm, 0]), solver: { ...unipc, variant: 'bh1' } },
  'unipc-2-noise': { schedule: steps([...linspaceOfDpm, 0]), solver: { ...unipc, predicts: 'noise' } },
  'unipc-2-karras': {
    schedule: karras(10),
    solver: { ...unipc, lowerOrderFinal: false, correctLast: true },
    rounding: 'nearest'
  },
  'deis-2': { schedule: steps([...linspaceOfDpm, 0]), solver: { ...deis, maxOrder: 2 } },
  'deis-3': { schedule: steps([...linspaceOfDpm, 0]), solver: { ...deis, maxOrder: 3 } },
  euler: { schedule: steps(linspace, 'zero'), solver: { name: 'euler' } },
  'euler-trailing': { schedule: steps(trailing, 'zero'), solver: { name: 'euler' } },
  'euler-leading': { schedule: steps(leading, 'zero'), solver: { name: 'euler' } },
  'euler-karras': { schedule: karras(11, 'zero'), solver: { name: 'euler' } },
  heun: { schedule: steps(linspace, 'zero'), solver: { name: 'heun' } },
  'heun-karras': { schedule: karras(11, 'zero'), solver: { name: 'heun' } },
  kdpm2: { schedule: steps(linspace, 'zero'), solver: { name: 'dpm2' } },
  // It rounds the steps of its time points, but not those between them.
  'kdpm2-karras': { schedule: karras(11, 'zero'), solver: { name: 'dpm2' }, within: 2e-5 }
}

describe('the model of a folder', () => {
  it('is another with rounding, and with clipping, by its digest', async () => {
    const clipping = await openModel({ checkpoint, cacheDir, clipDenoised: 1 })
    await clipping.close()
    expect(new Set([clipping, ...models.values()].map(({ digest }) => digest)).size).toBe(3)
  })

  it('says once that its scheduler clips and this does not, unless clipDenoised says anything', async () => {
    const notesOf = async (clipDenoised?: false | number) => {
      const notes: string[] = []
      const model = await openModel({ checkpoint, cacheDir, clipDenoised, onNote: note => notes.push(note) })
      await model.close()
      return notes
    }
    expect(await notesOf()).toEqual([expect.stringContaining('its scheduler has clip_sample, which is left out')])
    expect(await notesOf(false)).toEqual([])
    expect(await notesOf(1)).toEqual([])
  })

  it('cannot be rounded where its network is told no steps', async () => {
    const edm = fileURLToPath(new URL('../fixtures/edm/ddpmpp-uncond.pkl', import.meta.url))
    await expect(openModel({ checkpoint: edm, cacheDir, rounding: 'nearest' })).rejects.toThrow('leave it out')
  })
})

describe("diffusers' schedulers", () => {
  it('are all compared but DDIM with linspace, which steps back by 100 whatever the spacing', () => {
    expect(Object.keys(runs).filter(name => !(name in CASES))).toEqual(['ddim-linspace'])
  })

  it.each(Object.entries(CASES))('%s ends with the same images', async (name, one) => {
    const { solver, rounding = 'none', within = 1e-5, spared = 0 } = one
    const { sigmas: expected, told, x0, final } = runs[name]
    const model = models.get(rounding)!
    const sigmas = schedule({ ...one.schedule, model })
    const distinct = [...new Set(expected)]
    expect(sigmas.length).toBe(distinct.length)
    // Single precision takes a number near 1 from 1 at the least noise.
    sigmas.forEach((sigma, i) => {
      expect(Math.abs(sigma - distinct[i])).toBeLessThanOrEqual(1e-4 * distinct[i])
    })
    const { x, nfe } = await solve({ model, solver, x: Float64Array.from(x0), sigmas })
    expect(relativeError(x, final)).toBeLessThan(within)
    expect(nfe).toBe(told.length - spared)
  })

  it('begin on chains with latents as their network sees them, but for Euler, Heun and KDPM2 without leading steps', () => {
    const latents = Float64Array.from({ length: 192 }, (_, i) => 1.3 * Math.sin(0.7 + 1.9 * i))
    const beginning = (name: string) => {
      const { x0, sigmas } = runs[name]
      const [sigma] = sigmas
      const errors = [sigma, Math.sqrt(sigma ** 2 + 1)].map(factor =>
        relativeError(
          latents.map(value => value * factor),
          x0
        )
      )
      return errors[0] < errors[1] ? 'sigma' : 'unit-variance'
    }
    for (const name of ['ddim', 'dpmpp-2m', 'unipc-2', 'deis-2', 'euler-leading'])
      expect([name, beginning(name)]).toEqual([name, 'unit-variance'])
    for (const name of ['euler', 'heun', 'kdpm2']) expect([name, beginning(name)]).toEqual([name, 'sigma'])
  })
})
