import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Model } from '../../src/models/model.js'
import { openModel } from '../../src/models/open.js'
import type { SolverOptions } from '../../src/solvers/options.js'
import { schedule, type ScheduleOptions } from '../../src/solvers/schedule.js'
import { solve } from '../../src/solvers/solve.js'
import { relativeError } from '../support/fixture.js'
import { caseNames, openCase, type Run } from './cases.js'

/**
 * Whether a run's time points are its steps, to 0 or to step 0, or the noise levels that it lists, whose ends are in
 * single precision.
 */
type Points = 'steps-to-0' | 'steps-to-step-0' | 'levels'

interface Ours {
  readonly points: Points
  readonly solver: SolverOptions
  readonly rounding?: 'nearest'
  readonly within?: number
}

const euler = { name: 'euler' } as const
const dpm = { name: 'dpmpp', maxOrder: 2, thresholding: false, lowerOrderFinal: 'below-15' } as const
const unipc = { name: 'unipc', maxOrder: 2, thresholding: false } as const
const deis = { name: 'deis', mode: 'logrho', lowerOrderFinal: 'below-15' } as const

/** What diffusers' schedulers are here. */
const OURS: Readonly<Record<string, Ours>> = {
  'ddim-leading': { points: 'steps-to-0', solver: euler },
  'ddim-trailing': { points: 'steps-to-0', solver: euler },
  'ddim-sd': { points: 'steps-to-step-0', solver: euler },
  'ddim-clipped': { points: 'steps-to-0', solver: { ...euler, clipSample: 1 }, within: 5e-5 },
  'euler-linspace': { points: 'steps-to-0', solver: euler },
  'euler-trailing': { points: 'steps-to-0', solver: euler },
  'euler-leading': { points: 'steps-to-0', solver: euler },
  'euler-karras': { points: 'levels', solver: euler },
  'euler-exponential': { points: 'levels', solver: euler },
  'dpm-1': { points: 'steps-to-0', solver: { ...dpm, maxOrder: 1 } },
  'dpm-2m': { points: 'steps-to-0', solver: dpm },
  'dpm-2m-20': { points: 'steps-to-0', solver: dpm },
  'dpm-2m-sigma-min': { points: 'steps-to-step-0', solver: dpm },
  'dpm-2m-euler-at-final': { points: 'steps-to-0', solver: { ...dpm, lowerOrderFinal: 'last' } },
  'dpm-2m-heun': { points: 'steps-to-0', solver: { ...dpm, solverType: 'heun' } },
  'dpm-2m-karras': { points: 'levels', solver: dpm, rounding: 'nearest' },
  'dpm-3m': { points: 'steps-to-0', solver: { ...dpm, maxOrder: 3 } },
  'dpm-3m-20': { points: 'steps-to-0', solver: { ...dpm, maxOrder: 3 } },
  'dpm-noise': { points: 'steps-to-step-0', solver: { ...dpm, predicts: 'noise' } },
  'unipc-2': { points: 'steps-to-0', solver: unipc },
  'unipc-3': { points: 'steps-to-0', solver: { ...unipc, maxOrder: 3 } },
  'unipc-bh1': { points: 'steps-to-step-0', solver: { ...unipc, variant: 'bh1' } },
  'unipc-noise': { points: 'steps-to-step-0', solver: { ...unipc, predicts: 'noise' } },
  'unipc-karras': { points: 'levels', solver: unipc, rounding: 'nearest' },
  heun: { points: 'steps-to-0', solver: { name: 'heun' } },
  'heun-karras': { points: 'levels', solver: { name: 'heun' } },
  kdpm2: { points: 'steps-to-0', solver: { name: 'dpm2' }, within: 2e-5 },
  'deis-1': { points: 'steps-to-step-0', solver: { ...deis, maxOrder: 1 } },
  'deis-2': { points: 'steps-to-step-0', solver: { ...deis, maxOrder: 2 } },
  'deis-3': { points: 'steps-to-step-0', solver: { ...deis, maxOrder: 3 } },
  'dpm-sd-trailing': { points: 'steps-to-0', solver: dpm },
  'flow-euler': { points: 'steps-to-0', solver: euler }
}

const cacheDir = mkdtempSync(join(tmpdir(), 'epd-interop-sampling-'))
afterAll(() => {
  rmSync(cacheDir, { recursive: true })
})

describe.each(caseNames().filter(name => name.startsWith('sampling-')))('%s', folder => {
  const { about, checkpoint, expected } = openCase(folder)
  const { runs = {} } = about
  const models = new Map<string, Model>()

  beforeAll(async () => {
    const options = { checkpoint, cacheDir, clipDenoised: false, engine: 'onnx', provider: 'cpu', threads: 1 } as const
    models.set('none', await openModel(options))
    models.set('nearest', await openModel({ ...options, rounding: 'nearest' }))
  })
  afterAll(async () => {
    await Promise.all([...models.values()].map(model => model.close()))
  })

  it.each(Object.entries(runs))('%s ends with the same images', async (name, run) => {
    const { initial } = run
    const { points, solver, rounding = 'none', within = 1e-5 } = OURS[name]
    const model = models.get(rounding)!
    const sigmas = schedule({ ...scheduleOf(points, run), model })
    const latents = expected.get('latents')!
    const flow = name.startsWith('flow')
    const factor = flow ? 1 + sigmas[0] : beginsAt(initial, sigmas[0])
    const { x } = await solve({ model, solver, x: latents.map(value => value * factor), sigmas })
    // A state of unit variance that ends above 0 keeps its scale.
    const alpha = initial === 1 && !flow ? 1 / Math.sqrt(sigmas[sigmas.length - 1] ** 2 + 1) : 1
    const ours = x.map(value => value * alpha)
    expect(relativeError(ours, expected.get(name)!)).toBeLessThan(within)
  })
})

/** The first state by diffusers' init_noise_sigma: 1 where states are of unit variance. */
function beginsAt(initial: number, sigma: number): number {
  return initial === 1 ? Math.sqrt(sigma ** 2 + 1) : initial
}

function scheduleOf(points: Points, { timesteps: all, steps, sigmas: levels = [] }: Run): ScheduleOptions {
  const timesteps = [...new Set(all)]
  switch (points) {
    case 'steps-to-0':
      return { type: 'explicit', timesteps: whole(timesteps, steps), finalSigma: 'zero' }
    case 'steps-to-step-0':
      return { type: 'explicit', timesteps: [...timesteps, 0] }
    case 'levels':
      return { type: 'explicit', sigmas: [...new Set(levels)] }
  }
}

/** KDPM2 lists the steps between its time points too. */
function whole(timesteps: readonly number[], steps: number): readonly number[] {
  return timesteps.length > steps ? timesteps.filter((_, i) => i === 0 || i % 2 === 0) : timesteps
}
