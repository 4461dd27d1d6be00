import { describe, expect, it } from 'vitest'
import { readPredictor } from '../../src/predictors/file.js'
import { publishedPredictors } from '../../src/predictors/published.js'
import type { PredictorRecord } from '../../src/predictors/record.js'
import { discreteTime } from '../../src/models/discrete-time.js'
import { dyweight } from '../../src/solvers/dyweight.js'
import { isDyweight, isTable } from '../../src/solvers/learned.js'
import { schedule } from '../../src/solvers/schedule.js'
import { solve } from '../../src/solvers/solve.js'
import { tableOf } from '../../src/solvers/table-of.js'
import { fixture, relativeError } from '../support/fixture.js'
import { mixture } from '../support/mixture.js'

interface Row {
  experiment: string
  config: { dataset_name: string; num_steps: number; schedule_type: string; schedule_rho: number; afs: boolean }
  weights: number[][]
  t_scale: number[]
}
interface Runs {
  latents: number[][][][]
  cases: { experiment: string; sigmas: number[]; afs: boolean; final: unknown[]; trajectory: unknown[][] }[]
}
const rows = fixture<Row[]>('dyweight-predictors.json.gz')
const { latents, cases } = fixture<Runs>('dyweight-runs.json.gz')
const flat = (nested: unknown) => Float64Array.from([nested].flat(Infinity) as number[])
const named = (name: string) => publishedPredictors().get(name)!

/** What the authors' experiments are called here. */
const names = new Map(
  rows.map(({ experiment, config }) => {
    const nfe = /nfe\d+$/.exec(experiment)?.[0]
    const other = experiment.startsWith('00002') ? '-piecewise' : ''
    return [experiment, `dyweight-${config.dataset_name}-${nfe}${other}`]
  })
)
const record = (experiment: string) => named(names.get(experiment)!)

describe("DyWeight's published predictors", () => {
  it('are 40, each under a name of its own', () => {
    const own = [...publishedPredictors().keys()].filter(name => name.startsWith('dyweight-'))
    expect(own).toEqual([...names.values()])
    expect(new Set(own).size).toBe(40)
  })

  it('are tables where their noise levels are known: those of the models of EDM', () => {
    const known = rows.filter(({ config }) => /cifar10|ffhq|afhqv2|imagenet64/.test(config.dataset_name))
    expect(known).toHaveLength(29)
    for (const { experiment, t_scale } of known) {
      const { solver, learned, model } = record(experiment)
      expect(solver).toMatchObject({ name: 'table', nfe: t_scale.length, layers: t_scale.map(() => 1) })
      expect(isTable(learned) && learned.sigmas[0]).toBe(80)
      expect(model.shape).toBeDefined()
    }
  })

  it('keep their weights and their schedule where the model has its noise levels', () => {
    const others = rows.filter(({ config }) => /lsun|coco/.test(config.dataset_name))
    expect(others).toHaveLength(11)
    for (const { experiment, config, weights, t_scale } of others) {
      const { solver, learned } = record(experiment)
      const { afs, num_steps: numSteps, schedule_type: type, schedule_rho: rho } = config
      expect(solver).toEqual({ name: 'dyweight', afs, numSteps, nfe: t_scale.length, schedule: { type, rho } })
      expect(learned).toEqual({ weights, timeScales: t_scale })
    }
  })

  it('are tables of a chain as soon as its noise levels are known', () => {
    const bars = Float64Array.from({ length: 1000 }, (_, i) => Math.exp(-8.5 * ((i + 1) / 1000) ** 2 - 1e-3))
    const time = discreteTime(bars)
    const model = { sigmaMin: time.sigma(0.001), sigmaMax: time.sigma(1), time }
    const { solver, learned } = named('dyweight-lsun_bedroom_ldm-nfe5')
    const sigmas = schedule({ ...solver.schedule, numSteps: solver.numSteps, model })
    if (!isDyweight(learned)) throw new Error('no weights')
    const table = tableOf({ descriptor: dyweight, options: { afs: true, predictor: learned } }, sigmas)
    expect(table.sigmas).toEqual([sigmas[0], sigmas[6]])
    expect(table.layers).toHaveLength(5)
  })
})

describe.each(cases)("$experiment on the mixture does what its authors' code does", one => {
  const { sigmas, afs, final, trajectory, experiment } = one
  const { weights, t_scale: timeScales } = rows.find(row => row.experiment === experiment)!
  const levels = Float64Array.from(sigmas)
  const x = flat(latents).map(value => value * levels[0])

  it('by its recursion, with the whole trajectory', async () => {
    const predictor = { weights, timeScales }
    const found = await solve({ model: mixture, solver: { name: 'dyweight', afs, predictor }, x, sigmas: levels })
    expect(relativeError(found.x, flat(final))).toBeLessThan(1e-12)
    trajectory.forEach((state, i) => {
      expect(relativeError(found.trajectory[i], flat(state))).toBeLessThan(1e-12)
    })
  })

  it('as the table that comes with the project', async () => {
    const { learned, solver } = record(experiment)
    if (!isTable(learned)) throw new Error('no table')
    const layers = learned.layers.map(layer => layer.length)
    const options = { name: 'table', layers, table: learned } as const
    const found = await solve({ model: mixture, solver: options, x, sigmas: Float64Array.of(...learned.sigmas) })
    expect(relativeError(found.x, flat(final))).toBeLessThan(1e-9)
    expect(found).toMatchObject({ nfe: solver.nfe, evaluations: solver.nfe })
  })
})

describe("snapshots of DyWeight's code", () => {
  const path = (name: string) => new URL(`../fixtures/checkpoints/dyweight-${name}.pkl`, import.meta.url).pathname
  const kept = [
    [1, 0, 0],
    [1.375, 1.5, 0],
    [0, 1.875, 2]
  ]
  const on = (file: PredictorRecord) => ({ solver: file.solver, model: file.model })

  it('become the table of the authors recursion on their schedule, without what the mask leaves out', async () => {
    const file = await readPredictor(path('table'))
    const sigmas = schedule({ type: 'polynomial', rho: 7, numSteps: 4, sigmaMin: 0.002, sigmaMax: 80 })
    const predictor = { weights: kept, timeScales: [0.875, 1.125] }
    expect(file.learned).toEqual(tableOf({ name: 'dyweight', afs: true, predictor }, sigmas))
    expect(on(file)).toEqual({
      solver: {
        ...{ name: 'table', layers: [1, 1], numSteps: 2, nfe: 2 },
        schedule: { type: 'explicit', sigmas: [80, sigmas[3]] }
      },
      model: { dataset: 'cifar10', shape: [3, 32, 32], labelDim: 0 }
    })
  })

  it("keep the weights on a chain, over the model's range as the authors' sampler does", async () => {
    const file = await readPredictor(path('discrete'), 'mine')
    expect(file).toEqual({
      name: 'mine',
      solver: { name: 'dyweight', afs: false, schedule: { type: 'discrete', rho: 1 }, numSteps: 4, nfe: 3 },
      learned: { weights: kept, timeScales: [0.875, 1.125, 1.25] },
      model: { dataset: 'ms_coco' }
    })
  })

  it('tell the model the clock itself where no scales were learned', async () => {
    const { learned } = await readPredictor(path('without-scales'))
    const { learned: scaled } = await readPredictor(path('table'))
    if (!isTable(learned) || !isTable(scaled)) throw new Error('no tables')
    expect(scaled.layers[0][0].sigma).toBeCloseTo(0.875 * learned.layers[0][0].sigma, 12)
  })

  it.each([
    ['without-weights', /hybrid_weights, a table of \[steps, steps\], is missing/],
    ['without-mask', /mask, a buffer of the size of hybrid_weights, is missing/],
    ['without-afs', /does not say whether it takes the analytical first step/],
    ['of-another-class', /holds a AMED_predictor under "predictor"; expected a DyWeight_predictor/],
    ['of-another-schedule', /solver.schedule.type: expected .* found "even"/]
  ])('%s are refused', async (name, message) => {
    await expect(readPredictor(path(name))).rejects.toMatchObject({ code: 'predictor-invalid' })
    await expect(readPredictor(path(name))).rejects.toThrow(message)
  })
})
