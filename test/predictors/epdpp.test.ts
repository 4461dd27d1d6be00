import { describe, expect, it } from 'vitest'
import { discreteTime } from '../../src/models/discrete-time.js'
import { readPredictor } from '../../src/predictors/file.js'
import { publishedPredictors } from '../../src/predictors/published.js'
import { flowTime } from '../../src/solvers/coordinates.js'
import { schedule } from '../../src/solvers/schedule.js'
import { fixture } from '../support/fixture.js'

interface Row {
  file: string
  config: { num_steps: number; schedule_type: string }
  raw: { r_params: number[][]; scale_dir_params: number[][]; scale_time_params: number[][]; weight_s: number[][] }
}
const rows = fixture<Row[]>('epdpp-predictors.json.gz')
const runs = fixture<{ cases: { file: string; times: number[] }[] }>('epdpp-flow-runs.json.gz').cases
const nameOf = (file: string) => `epdpp-${file.split('/').at(-1)?.replace('.pkl', '')}`
const record = (file: string) => publishedPredictors().get(nameOf(file))!

describe("EPD-Solver++'s published predictors", () => {
  it.each(rows)('has the numbers of its snapshot: $file', ({ file, config, raw }) => {
    const { solver, learned } = record(file)
    expect(learned).toEqual({
      ...{ r: raw.r_params, weight: raw.weight_s, scaleDir: raw.scale_dir_params, scaleTime: raw.scale_time_params },
      ranges: { scaleDir: 0, scaleTime: 0 }
    })
    expect(solver).toMatchObject({ name: 'epd', numSteps: config.num_steps, nfe: 2 * (config.num_steps - 1) })
    expect([solver.coordinates, solver.schedule.type]).toEqual(
      config.schedule_type === 'flowmatch' ? ['flow', 'flowmatch'] : [undefined, 'discrete']
    )
  })

  it.each(runs)("has the times of its authors' run: $file", ({ file, times }) => {
    const { solver } = record(file)
    const found = schedule({ ...solver.schedule, numSteps: solver.numSteps })
    expect(found).toHaveLength(times.length)
    times.forEach((time, i) => {
      expect(Math.abs(flowTime(found[i]) - time)).toBeLessThan(6e-6)
    })
  })

  it("spaces the chain of Stable Diffusion over the model's own range, evenly from t = 1 to 1e-3", () => {
    const betas = Array.from(
      { length: 1000 },
      (_, i) => (0.00085 ** 0.5 + (i / 999) * (0.012 ** 0.5 - 0.00085 ** 0.5)) ** 2
    )
    let product = 1
    const time = discreteTime(Float64Array.from(betas, beta => (product *= 1 - beta)))
    const model = { time, sigmaMin: time.sigma(1e-3), sigmaMax: time.sigma(1), bounded: true }
    const { solver } = record('exps/sd15/sd15-best.pkl')
    const found = schedule({ ...solver.schedule, numSteps: solver.numSteps, model })
    expect(found[0]).toBeCloseTo(14.6146, 4)
    found.forEach((sigma, i) => {
      expect(sigma).toBeCloseTo(time.sigma(1 + (i / 10) * (1e-3 - 1)), 9)
    })
  })
})

describe("snapshots of EPD-Solver++'s code", () => {
  const path = (name: string) => new URL(`../fixtures/checkpoints/predictor-flow-${name}.pkl`, import.meta.url).pathname

  it.each([
    ['shifted', { type: 'flowmatch', shift: 3, shifted: 'twice' }],
    ['mu', { type: 'flowmatch', mu: 1.15 }]
  ])('step in flow coordinates on the schedule of their scheduler: %s', async (name, schedule) => {
    const { solver, learned } = await readPredictor(path(name))
    expect(solver).toMatchObject({ name: 'epd', coordinates: 'flow', schedule, numSteps: 3, nfe: 4 })
    expect(learned).toMatchObject({ ranges: { scaleDir: 0, scaleTime: 0 } })
  })

  it.each([
    ['open', /its schedule is open: it states none of flowmatch_mu, flowmatch_shift and sigma_min/],
    ['of-another-backend', /flowmatch is of the backends sd3 and flux, found "ldm"/],
    ['contradicted', /a flowmatch_shift of 3 contradicts sigma_min, which 1 leads to/],
    ['unshifted', /flowmatch_mu is of a scheduler whose sigma_min is 0.001, found 0.003/]
  ])('are refused where their schedule is not certain: %s', async (name, message) => {
    await expect(readPredictor(path(name))).rejects.toMatchObject({ code: 'predictor-invalid' })
    await expect(readPredictor(path(name))).rejects.toThrow(message)
  })
})
