import { describe, expect, it } from 'vitest'
import type { Stage } from '../../src/stages/registry.js'
import type { SampleStage } from '../../src/stages/sample.js'
import { changed, errors, load } from './spec.js'

const PUBLISHED = '00002-cifar10-4-5-epd-uni1.0-afs'

function one(solver: string): string {
  return `name: a\nmodel: { checkpoint: a }\nsolver: ${solver}\nstages: { a: { kind: sample, seeds: 0 } }\n`
}
function isSample(stage: Stage): stage is SampleStage {
  return stage.kind === 'sample'
}
const sampled = (solver: string) => load(one(solver)).stages.find(isSample)!.solver

describe('an explicit schedule', () => {
  it.each([
    ['euler', '[80, 5, 1]', 3, 2],
    ['euler', '[80, 5, 1, 0]', 4, 3],
    ['heun', '[80, 5, 1]', 3, 4],
    ['heun', '[80, 5, 1, 0]', 4, 5],
    ['dpm2', '[80, 0]', 2, 1],
    ['unipc', '[80, 5, 1]', 3, 3],
    ['unipc', '[80, 5, 0]', 3, 2]
  ])('says how many time points and evaluations %s has: %s', (name, sigmas, numSteps, nfe) => {
    const list = `schedule: { type: explicit, sigmas: ${sigmas} }`
    expect(sampled(`{ name: ${name}, ${list} }`)).toMatchObject({ numSteps, nfe })
    expect(sampled(`{ name: ${name}, nfe: ${nfe}, ${list} }`)).toMatchObject({ numSteps, nfe })
    expect(sampled(`{ name: ${name}, numSteps: ${numSteps}, ${list} }`)).toMatchObject({ numSteps, nfe })
  })

  it('is kept without what is as it is by default', () => {
    const list = '{ type: explicit, sigmas: [80, 5], finalSigma: zero, noiseScale: sigma }'
    expect(sampled(`{ name: euler, schedule: ${list} }`).schedule).toEqual({ type: 'explicit', sigmas: [80, 5, 0] })
    const spaced = '{ type: logsnr, finalSigma: sigma-min, noiseScale: sigma, precision: float64 }'
    expect(sampled(`{ name: euler, nfe: 3, schedule: ${spaced} }`).schedule).toEqual({ type: 'logsnr', rho: 7 })
  })

  it('gives its number of time points to paradigms', () => {
    const list = 'schedule: { type: explicit, sigmas: [80, 5, 1, 0] }'
    expect(sampled(`{ name: paradigms, nfe: 2, ${list} }`)).toMatchObject({ numSteps: 4, nfe: 2 })
    expect(errors(one(`{ name: paradigms, nfe: 2, numSteps: 3, ${list} }`))).toEqual([
      expect.stringContaining('solver.numSteps: expected 4, as the explicit schedule has it, found 3; leave it out')
    ])
    expect(errors(one('{ name: paradigms, nfe: 2 }'))).toEqual([
      expect.stringContaining('solver.numSteps: expected a whole number from 2 to 10000, found nothing')
    ])
  })

  it.each([
    [
      'nfe: 9, schedule: { type: explicit, sigmas: [2, 1] }',
      'solver.nfe: expected 1, as the explicit schedule has it, found 9'
    ],
    [
      'numSteps: 9, schedule: { type: explicit, sigmas: [2, 1] }',
      'solver.numSteps: expected 2, as the explicit schedule has it'
    ],
    ['schedule: { type: explicit }', 'solver.schedule: expected sigmas, times or timesteps, found none'],
    [
      'schedule: { type: explicit, sigmas: [2, 1], timesteps: [2, 1] }',
      'solver.schedule: expected sigmas, times or timesteps, found sigmas and timesteps'
    ],
    [
      'schedule: { type: explicit, sigmas: [2, 2] }',
      'solver.schedule.sigmas.1: expected less than the 2 before it, found 2'
    ],
    [
      'schedule: { type: explicit, timesteps: [1, 2] }',
      'solver.schedule.timesteps.1: expected less than the 1 before it, found 2'
    ],
    ['schedule: { type: explicit, sigmas: [2] }', 'solver.schedule.sigmas: expected 2 time points or more'],
    ['schedule: { type: explicit, sigmas: [2, -1] }', 'solver.schedule.sigmas.1: expected a number from 0, found -1'],
    ['nfe: 2, schedule: { type: discrete, precision: float32 }', 'precision'],
    ['schedule: { type: logsnr }', 'solver: expected nfe or numSteps, found neither'],
    [
      'numSteps: 2, schedule: { type: logsnr, finalSigma: zero }',
      'solver.numSteps: expected 3 or more with finalSigma zero, found 2'
    ]
  ])('is refused by name: %s', (options, message) => {
    const found = errors(one(`{ name: euler, ${options} }`))
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(message)
  })

  it('of the top-level solver is that of others, which then cannot have another number of time points', () => {
    const yaml = changed('nfe: 5, afs: true', 'afs: true, schedule: { type: explicit, sigmas: [80, 5, 1, 0] }')
    expect(errors(yaml)).toEqual([
      expect.stringContaining('stages.truth.solver.numSteps: expected 4, as the explicit schedule has it, found 33')
    ])
  })
})

describe('a student on time points that end at 0', () => {
  const student = (schedule: string) => changed('nfe: 5, afs: true }', `nfe: 6, schedule: ${schedule} }`)

  it('learns between those above it, to which its teacher leads', () => {
    const { stages } = load(student('{ type: polynomial, finalSigma: zero }').replace('nfe: 6', 'nfe: 7'))
    const grid = { type: 'polynomial', rho: 7, numSteps: 4 }
    expect(stages.find(({ kind }) => kind === 'teacher')).toMatchObject({ grid })
    expect(stages.find(({ kind }) => kind === 'distill')).toMatchObject({ student: { numSteps: 5, nfe: 7 } })
  })

  it('needs two of them', () => {
    const yaml = changed('nfe: 5, afs: true }', 'schedule: { type: explicit, sigmas: [80, 0] } }').replace(
      'numSteps: 33',
      'schedule: { type: logsnr }, numSteps: 33'
    )
    expect(errors(yaml)).toEqual([expect.stringContaining('a student with 2 time points or more above 0')])
  })
})

describe('a teacher', () => {
  const pas = 'name: pas, base: ipndm, maxOrder: 2, nfe: 5, afs: true, schedule: { type: polynomial }'
  const spec = (more: string) => `
name: a
model: { checkpoint: a }
solver: { name: epd, nfe: 3, afs: true }
stages:
  teacher: { kind: teacher, seeds: 10-19${more} }
  student: { kind: distill, teacher: teacher, validation: 20-29, solver: { ${pas} } }
`

  it('refines the time points of the student that it names', () => {
    const { stages } = load(spec(`, student: { ${pas} }`))
    const grid = { type: 'polynomial', rho: 7, numSteps: 7 }
    expect(stages.filter(({ kind }) => kind === 'teacher')).toEqual([
      expect.objectContaining({ name: 'teacher', grid }),
      expect.objectContaining({ name: 'student.validation', grid })
    ])
  })

  it('is asked to where a student has other time points than the top-level solver', () => {
    expect(errors(spec(''))).toEqual([
      expect.stringMatching(/found 7 polynomial .*; a teacher whose student is this solver/)
    ])
  })

  it('has its student looked at whatever else is wrong with it', () => {
    expect(errors(spec(', student: { name: euler }, refine: no'))).toEqual([
      expect.stringContaining('stages.teacher.student: expected nfe or numSteps, found neither'),
      expect.stringContaining('stages.teacher.refine')
    ])
  })
})

describe('a predictor in use', () => {
  it('keeps its precision and its ends where a schedule says nothing of them', () => {
    expect(sampled(`{ from: "predictor:${PUBLISHED}", schedule: { type: time_uniform } }`).schedule).toEqual({
      ...{ type: 'time_uniform', rho: 1, sigmaMin: 0.002, sigmaMax: 80, precision: 'float32' }
    })
    expect(
      errors(one(`{ from: "predictor:${PUBLISHED}", schedule: { type: time_uniform, precision: float64 } }`))
    ).toEqual([expect.stringContaining('in float32), found')])
    expect(
      errors(one(`{ from: "predictor:${PUBLISHED}", schedule: { type: time_uniform, noiseScale: unit-variance } }`))
    ).toEqual([expect.stringContaining('from noise of unit variance')])
  })

  it('may go on to 0, by one evaluation more', () => {
    const schedule = 'schedule: { type: time_uniform, finalSigma: zero }'
    expect(sampled(`{ from: "predictor:${PUBLISHED}", ${schedule} }`)).toMatchObject({ numSteps: 5, nfe: 6 })
  })
})
