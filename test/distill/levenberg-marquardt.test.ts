import { describe, expect, it } from 'vitest'
import { distill, type DistillOptions } from '../../src/distill/distill.js'
import { normalStart, uniformStart } from '../../src/distill/parameters.js'
import type { EpdStudent } from '../../src/solvers/epd.js'
import { survey } from '../../src/distill/survey.js'
import { torchCpuGenerator } from '../../src/random/torch-cpu.js'
import { solve } from '../../src/solvers/solve.js'
import { counting } from '../support/counting.js'
import { mixture } from '../support/mixture.js'
import { relativeError } from '../support/fixture.js'
import { followed, grid, sigmas, student, taught } from './trajectories.js'

const training = await taught(1, 16)
const lonely = await taught(1, 1)
const validation = await taught(100, 16)
const common = { model: mixture, student, sigmas, teacher: training } satisfies DistillOptions

describe('levenberg-marquardt', () => {
  it('lowers the loss of each fit with every move that it accepts', async () => {
    const { history } = await distill({
      ...common,
      optimizer: { name: 'levenberg-marquardt', iterations: 8, finalIterations: 8 }
    })
    const fits = [0, 1, 2, undefined].map(step => history.filter(row => row.step === step))
    for (const fit of fits) {
      expect(fit.some(({ accepted }) => accepted)).toBe(true)
      fit.slice(1).forEach((row, i) => {
        if (row.accepted) expect(row.loss).toBeLessThan(fit[i].loss)
        else expect(row.loss).toBe(fit[i].loss)
      })
    }
  })

  it('finds a student that follows a teacher of its own kind', async () => {
    const known = normalStart({ ...student, points: 1 }, 3, torchCpuGenerator(3).randn(12))
    const teacher = await followed({ ...student, predictor: known }, 1, 16)
    const single = { ...student, points: 1 }
    const optimizer = { name: 'levenberg-marquardt', iterations: 30, finalIterations: 10 } as const
    const { loss, learned } = await distill({ ...common, student: single, teacher, optimizer })
    expect(Math.sqrt(loss)).toBeLessThan(1e-5)
    const [x, truth] = await Promise.all([
      followed({ ...single, predictor: learned }, 100, 8),
      followed({ ...single, predictor: known }, 100, 8)
    ])
    expect(relativeError(x.states[3], truth.states[3])).toBeLessThan(1e-4)
  })

  it.each([
    ['identical points', { start: 'uniform', optimizer: { name: 'levenberg-marquardt', places: 1 } }],
    ['one point', { student: { ...student, points: 1 } }],
    ['fixed scales', { student: { ...student, ranges: { scaleDir: 0, scaleTime: 0 } } }],
    ['one trajectory', { teacher: lonely }],
    ['a normal start', { start: 'normal', seed: 1, optimizer: { name: 'levenberg-marquardt', places: 0 } }]
  ] satisfies [string, Partial<DistillOptions<EpdStudent>>][])('copes with %s', async (_, part) => {
    const { learned, loss } = await distill({ ...common, ...part })
    const found: DistillOptions<EpdStudent> = { ...common, ...part }
    const count = found.student.points
    const { name, afs } = student
    const teacher = 'states' in found.teacher ? found.teacher : training
    const start = uniformStart(found.student, 3)
    const { x } = await solve({ model: mixture, solver: { name, afs, predictor: start }, x: teacher.states[0], sigmas })
    const before = x.reduce((sum, value, j) => sum + (value - teacher.states[3][j]) ** 2, 0) / x.length
    expect(learned.r).toHaveLength(3)
    expect(learned.r.every(row => row.length === count)).toBe(true)
    expect(loss).toBeLessThan(before)
  })

  it('keeps what does best on the validation trajectories', async () => {
    const optimizer = { name: 'levenberg-marquardt', finalIterations: 20 } as const
    const { validationLoss, history } = await distill({ ...common, validation, optimizer })
    const seen = history.flatMap(row => row.validationLoss ?? [])
    expect(validationLoss).toBeLessThanOrEqual(Math.min(...seen))
  })

  it('counts every evaluation of a sample', async () => {
    const model = counting(mixture)
    const found = await distill({ ...common, model, validation })
    expect(found.evaluations).toBe(model.asked())
    const taught = await distill({
      ...common,
      model,
      teacher: { solver: { name: 'heun' }, refine: 3, substeps: 2, grid },
      seeds: [1, 2, 3],
      validationSeeds: [4, 5]
    })
    expect(taught.teacherEvaluations).toBe(5 * 48)
    expect(taught.evaluations + 5 * 48 + found.evaluations).toBe(model.asked())
  })

  it('refuses a model that answers NaN', async () => {
    const broken = { ...mixture, denoise: (x: Float64Array) => Promise.resolve(x.map(() => NaN)) }
    await expect(distill({ ...common, model: broken })).rejects.toMatchObject({ code: 'model-output' })
  })
})

describe('survey', () => {
  it('finds the places of a teacher that stands on them', async () => {
    const logit = (value: number) => Math.log(value / (1 - value))
    const places = [1.5, 6.5].map(place => logit(place / 9))
    const start = uniformStart(student, 3)
    const known = { ...start, r: start.r.map(() => places), weight: start.r.map(() => [0.5, -0.5]) }
    const teacher = await followed({ ...student, predictor: known }, 1, 16)
    const { predictor, evaluations } = await survey({ model: mixture, student, sigmas }, teacher, start, 0, 9)
    expect(relativeError(predictor.r[0], places)).toBeLessThan(1e-9)
    expect(predictor.weight[0][0] - predictor.weight[0][1]).toBeCloseTo(1, 3)
    expect(evaluations).toBe(16 * 9)
  })
})
