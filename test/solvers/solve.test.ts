import { describe, expect, it } from 'vitest'
import { schedule, type ScheduleType } from '../../src/solvers/schedule.js'
import { solve, type SolvedStep } from '../../src/solvers/solve.js'
import type { SolverOptions } from '../../src/solvers/options.js'
import { teacherGrid } from '../../src/solvers/teacher.js'
import { mixture } from '../support/mixture.js'
import { fixture, relativeError } from '../support/fixture.js'

interface Config {
  num_steps: number
  sigma_min: number
  sigma_max: number
  schedule_type: ScheduleType
  schedule_rho: number
  afs?: boolean
  max_order?: number
  r?: number
  predict_x0?: boolean
  lower_order_final?: boolean
  variant?: 'bh1' | 'bh2'
  scale_dir?: number
  scale_time?: number
  raw?: { r: number[][]; weight: number[][]; scale_dir: number[][]; scale_time: number[][] }
}

interface Case {
  solver: string
  config: Config
  final: number[][]
  trajectory: number[][][]
}

const { latents, cases } = fixture<{ latents: number[][]; cases: Case[] }>('solvers.json.gz')
const teachers = fixture<{
  cases: { solver: string; config: Config & { refine: number; substeps: number }; trajectory: number[][][] }[]
}>('teachers.json').cases

function grid(config: Config) {
  return {
    type: config.schedule_type,
    rho: config.schedule_rho,
    numSteps: config.num_steps,
    sigmaMin: config.sigma_min,
    sigmaMax: config.sigma_max
  }
}

function solverOf(name: string, config: Config): SolverOptions {
  const { afs, r, max_order: maxOrder, raw } = config
  switch (name) {
    case 'euler':
    case 'heun':
      return { name, afs }
    case 'dpm2':
      return { name, afs, r }
    case 'ipndm':
      return { name, afs, maxOrder }
    case 'deis':
      return { name, afs, maxOrder, mode: 'tab' }
    case 'dpmpp':
    case 'unipc': {
      const { predict_x0: data, lower_order_final: lowerOrderFinal, variant } = config
      return { name, afs, maxOrder, predicts: data ? 'data' : 'noise', lowerOrderFinal, variant }
    }
    case 'epd':
    case 'epd-plugin-ipndm': {
      if (!raw) throw new Error('an EPD case without its parameters')
      const { scale_dir: scaleDir = 0, scale_time: scaleTime = 0 } = config
      return {
        name: 'epd',
        afs,
        maxOrder,
        base: name === 'epd' ? 'euler' : 'ipndm',
        predictor: {
          r: raw.r,
          weight: raw.weight,
          scaleDir: raw.scale_dir,
          scaleTime: raw.scale_time,
          ranges: { scaleDir, scaleTime }
        }
      }
    }
    default:
      throw new Error(`no solver ${name}`)
  }
}

const start = (sigma: number) => Float64Array.from(latents.flat(), value => value * sigma)

describe('solve', () => {
  for (const name of new Set(cases.map(c => c.solver))) {
    const own = cases.filter(c => c.solver === name)
    // The reference integrates deis by a sum over 200,000 points.
    const bound = name === 'deis' ? 1e-3 : 1e-9
    it(`${name} follows the reference through all time points in ${own.length} cases`, async () => {
      for (const c of own) {
        const sigmas = schedule(grid(c.config))
        const solution = await solve({ model: mixture, solver: solverOf(name, c.config), x: start(sigmas[0]), sigmas })
        expect(solution.trajectory.length).toBe(c.config.num_steps)
        solution.trajectory.forEach((x, i) => {
          expect(relativeError(x, c.trajectory[i].flat()), JSON.stringify(c.config)).toBeLessThan(bound)
        })
        expect(relativeError(solution.x, c.final.flat())).toBeLessThan(bound)
      }
    })
  }

  it('counts parallel NFE and evaluations as the paper does', async () => {
    for (const c of cases) {
      const { num_steps: numSteps, afs, raw } = c.config
      const sigmas = schedule(grid(c.config))
      const { nfe, evaluations } = await solve({
        model: mixture,
        solver: solverOf(c.solver, c.config),
        x: start(sigmas[0]),
        sigmas
      })
      const saved = afs ? 1 : 0
      const stages = ['heun', 'dpm2'].includes(c.solver) || raw ? 2 : 1
      // Fewer steps than the order: unipc corrects the last state too.
      const corrected = c.solver === 'unipc' && numSteps <= (c.config.max_order ?? 3) ? 1 : 0
      expect(nfe).toBe(stages * (numSteps - 1) - saved + corrected)
      expect(evaluations).toBe(raw ? (1 + raw.r[0].length) * (numSteps - 1) - saved : nfe)
    }
  })

  it(`teachers pass through the reference states at the student's time points in ${teachers.length} cases`, async () => {
    expect(teachers.length).toBe(48)
    for (const c of teachers) {
      const { sigmas, every } = teacherGrid(grid(c.config), c.config)
      const solver = solverOf(c.solver, c.config)
      const { trajectory } = await solve({ model: mixture, solver, x: start(sigmas[0]), sigmas })
      c.trajectory.forEach((state, i) => {
        expect(relativeError(trajectory[i * every], state.flat()), JSON.stringify(c.config)).toBeLessThan(1e-9)
      })
    }
  })

  it('gives the same bits however the batch is split', async () => {
    const sigmas = schedule({ type: 'polynomial', rho: 7, numSteps: 5, sigmaMin: 0.002, sigmaMax: 80 })
    const whole = await solve({ model: mixture, solver: { name: 'heun' }, x: start(80), sigmas })
    for (const batchSize of [1, 2, 3, 4]) {
      const split = await solve({ model: mixture, solver: { name: 'heun' }, x: start(80), sigmas, batchSize })
      expect(split.x).toEqual(whole.x)
      expect(split.evaluations).toBe(whole.evaluations)
    }
  })

  it.each([{ name: 'heun' }, { name: 'paradigms', window: 2, tolerance: 0.01 }] satisfies SolverOptions[])(
    'tells of each state of $name once all samples have reached it',
    async solver => {
      const sigmas = schedule({ type: 'polynomial', rho: 7, numSteps: 5, sigmaMin: 0.002, sigmaMax: 80 })
      const steps: SolvedStep[] = []
      const { trajectory } = await solve({
        ...{ model: mixture, solver, x: start(80), sigmas },
        onStep: step => steps.push(step)
      })
      expect(steps).toEqual(trajectory.map((x, step) => ({ step, sigma: sigmas[step], x })))
    }
  )

  it('refuses a state of broken samples and a predictor of another length', async () => {
    const sigmas = schedule({ type: 'polynomial', rho: 7, numSteps: 5, sigmaMin: 0.002, sigmaMax: 80 })
    const table = [[0]]
    const predictor = {
      r: table,
      weight: table,
      scaleDir: table,
      scaleTime: table,
      ranges: { scaleDir: 0.05, scaleTime: 0.05 }
    }
    await expect(solve({ model: mixture, solver: { name: 'euler' }, x: new Float64Array(13), sigmas })).rejects.toThrow(
      /whole samples/
    )
    await expect(solve({ model: mixture, solver: { name: 'epd', predictor }, x: start(80), sigmas })).rejects.toThrow(
      /1 steps, 5 time points need 4/
    )
  })

  it.each([
    [{ name: 'ipndm', maxOrder: 5 }, 'ipndm: maxOrder must be a whole number from 1 to 4, found 5'],
    [{ name: 'deis', maxOrder: 0 }, 'deis: maxOrder must be a whole number from 1 to 4, found 0'],
    [{ name: 'dpmpp', maxOrder: 4 }, 'dpmpp: maxOrder must be a whole number from 1 to 3, found 4'],
    [{ name: 'unipc', maxOrder: 1.5 }, 'unipc: maxOrder must be a whole number from 1 to 3, found 1.5'],
    [{ name: 'dpm2', r: 0 }, 'dpm2: r must be above 0 and at most 1, found 0'],
    [{ name: 'paradigms', window: 0, tolerance: 0 }, 'paradigms: window must be a whole number from 1 to']
  ] satisfies [SolverOptions, string][])('refuses %o', async (solver, message) => {
    const sigmas = Float64Array.of(80, 1, 0.002)
    await expect(solve({ model: mixture, solver, x: start(80), sigmas })).rejects.toThrow(message)
  })

  it('refuses time points that do not fall, and one alone', async () => {
    for (const sigmas of [[80, 80, 1], [80, 0, 0], [80], [1, 2]])
      await expect(
        solve({ model: mixture, solver: { name: 'euler' }, x: start(80), sigmas: Float64Array.from(sigmas) })
      ).rejects.toThrow('sigmas must be 2 or more falling noise levels')
    const toZero = Float64Array.of(80, 1, 0)
    const ended = await solve({ model: mixture, solver: { name: 'ipndm' }, x: start(80), sigmas: toZero })
    expect(ended.x.every(Number.isFinite)).toBe(true)
  })

  it('stops when its signal is aborted', async () => {
    const sigmas = schedule({ type: 'polynomial', rho: 7, numSteps: 5, sigmaMin: 0.002, sigmaMax: 80 })
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(solve({ model: mixture, solver: { name: 'euler' }, x: start(80), sigmas, signal })).rejects.toThrow(
      'enough'
    )
  })
})
