import { describe, expect, it } from 'vitest'
import { EpdError } from '../../src/errors.js'
import { parametrisation } from '../../src/models/parametrisation.js'
import { withTimePoints } from '../../src/pipeline/time-points.js'
import { publishedPredictors } from '../../src/predictors/published.js'
import type { RangedModel } from '../../src/solvers/range.js'
import type { AnyExperiment } from '../../src/experiment/experiment.js'
import type { PredictorRecord } from '../../src/predictors/record.js'
import { STAGE_KINDS } from '../../src/stages/registry.js'
import { loadExperiment } from '../../src/experiment/load.js'

const edm: RangedModel = { sigmaMin: 0, sigmaMax: Infinity }
const chain: RangedModel = parametrisation('epsilon', {
  type: 'steps',
  betas: { schedule: 'scaled-linear', start: 0.00085, end: 0.012, steps: 1000 }
})
const ends = { sigmaMin: chain.sigmaMin!, sigmaMax: chain.sigmaMax! }
const published = publishedPredictors().get('00002-cifar10-4-5-epd-uni1.0-afs')!

function experiment(solver: string, stages: string, record: PredictorRecord = published, allowMismatch = false) {
  const text = `name: a\nmodel: { checkpoint: a }\nsolver: ${solver}\nstages: { ${stages} }\n`
  return loadExperiment({ file: 'a.yaml', text, predictors: { names: () => ['p'], get: () => record }, allowMismatch })
}
const schedules = ({ stages }: AnyExperiment) => stages.map(stage => STAGE_KINDS.of(stage).timePoints?.schedule(stage))
const learning =
  't: { kind: teacher, seeds: 0 }, s: { kind: distill, teacher: t, validation: 1 }, a: { kind: sample, solver: s, seeds: 2 }'

describe('withTimePoints', () => {
  it("puts the model's ends where none are given, in every stage", () => {
    const own = experiment('{ name: epd, nfe: 4 }', learning)
    for (const schedule of schedules(withTimePoints(own, chain))) expect(schedule).toMatchObject(ends)
    for (const schedule of schedules(withTimePoints(own, edm)))
      expect(schedule).toMatchObject({ sigmaMin: 0.002, sigmaMax: 80 })
  })

  it('gives a stage the same parameters as if the ends stood in the spec', () => {
    const written = '{ name: epd, nfe: 4, schedule: { type: time_uniform, rho: 1, sigmaMin: 0.002, sigmaMax: 80 } }'
    const [given, taken] = [written, '{ name: epd, nfe: 4 }'].map(solver => {
      return schedules(withTimePoints(experiment(solver, learning), edm))
    })
    expect(taken).toEqual(given)
  })

  it('puts noise levels in place of timesteps, of any number of steps of the chain', () => {
    const list = 'schedule: { type: explicit, timesteps: [901, 401, 1, 0], noiseScale: unit-variance }'
    const [schedule] = schedules(
      withTimePoints(experiment(`{ name: euler, ${list} }`, 'a: { kind: sample, seeds: 2 }'), chain)
    )
    const sigma = (step: number) => chain.time!.told!.sigma(step)
    expect(schedule).toEqual({
      ...{ type: 'explicit', noiseScale: 'unit-variance', sigmas: [sigma(901), sigma(401), sigma(1), sigma(0)] }
    })
    const ended = experiment(
      '{ name: epd, schedule: { type: explicit, timesteps: [901, 401, 1], finalSigma: zero } }',
      learning
    )
    const [taught, , student, sampled] = schedules(withTimePoints(ended, chain))
    expect(taught).toEqual({ type: 'explicit', sigmas: [901, 401, 1].map(sigma), numSteps: 3 })
    expect(student).toEqual({ type: 'explicit', sigmas: [...[901, 401, 1].map(sigma), 0] })
    expect(sampled).toEqual(student)
  })

  it.each([
    ['{ type: explicit, timesteps: [1000, 1] }', chain, 'schedule.timesteps: timesteps must be from 0 to 999'],
    ['{ type: explicit, timesteps: [900, 1] }', edm, 'schedule.timesteps: timesteps need a model that is told steps'],
    ['{ type: logsnr, sigmaMin: 20 }', chain, 'schedule.sigmaMin: expected sigmaMin below sigmaMax, found 20 and 14.6'],
    ['{ type: time_uniform, sigmaMin: 5 }', chain, 'schedule: expected a noise range that time_uniform can cross']
  ])('refuses %s by name', (schedule, model, message) => {
    const found = experiment(
      `{ name: euler, nfe: 1, schedule: ${schedule} }`.replace(/nfe: 1, (?=.*explicit)/, ''),
      'a: { kind: sample, seeds: 2 }'
    )
    const run = () => withTimePoints(found, model)
    expect(run).toThrow(EpdError)
    expect(run).toThrow(`stage "a": ${message}`)
  })

  it('compares a student with its teacher once their ends are known', () => {
    const own = (sigmaMax: number) =>
      experiment(
        '{ name: epd, nfe: 4 }',
        learning.replace(
          'teacher: t,',
          `teacher: t, solver: { name: epd, nfe: 4, schedule: { type: time_uniform, sigmaMin: 0.002, sigmaMax: ${sigmaMax} } },`
        )
      )
    expect(() => withTimePoints(own(80), edm)).not.toThrow()
    expect(() => withTimePoints(own(70), edm)).toThrow(
      'expected the time points of teacher "t" (3 time_uniform rho 1 from 80'
    )
  })

  it("takes a predictor that states no range over the model's, and refuses it over another", () => {
    const schedule = { type: 'time_uniform', rho: 1, precision: 'float32' } as const
    const record: PredictorRecord = { ...published, solver: { ...published.solver, schedule } }
    const sampled = (solver: string, allow = false) =>
      withTimePoints(experiment(solver, 'a: { kind: sample, seeds: 0 }', record, allow), chain)
    expect(schedules(sampled('{ from: "predictor:p" }'))).toEqual([{ ...schedule, ...ends }])
    const other = '{ from: "predictor:p", schedule: { type: time_uniform, sigmaMax: 10 } }'
    expect(() => sampled(other)).toThrow(expect.objectContaining({ code: 'predictor-mismatch' }) as Error)
    expect(sampled(other, true)).toMatchObject({
      warnings: [expect.stringContaining('its predictor was distilled for 4 time_uniform')],
      stages: [{ mismatched: true }]
    })
  })
})
