import { describe, expect, it } from 'vitest'
import { distill } from '../../src/distill/distill.js'
import { teach } from '../../src/distill/teach.js'
import { solve } from '../../src/solvers/solve.js'
import { featured } from '../support/featured.js'
import { grid, sigmas, student, taught } from './trajectories.js'

const training = await taught(1, 8)
const optimizer = { name: 'levenberg-marquardt', iterations: 1 } as const
const toZero = Float64Array.of(...sigmas, 0)

describe('a student on time points that end at 0', () => {
  it('learns what it learns without the 0, and goes on from there to the denoised data', async () => {
    const common = { model: featured, student, teacher: training, optimizer }
    const [ended, plain] = [await distill({ ...common, sigmas: toZero }), await distill({ ...common, sigmas })]
    expect(ended.learned).toEqual(plain.learned)
    expect(ended.sigmas).toEqual(toZero)
    const solver = { ...student, predictor: ended.learned }
    const run = (points: Float64Array) => solve({ model: featured, solver, x: training.states[0], sigmas: points })
    const { x, trajectory, nfe } = await run(toZero)
    const before = await run(sigmas)
    expect(trajectory[sigmas.length - 1]).toEqual(before.x)
    expect(x).toEqual(await featured.denoise(before.x, new Float64Array(8).fill(sigmas[sigmas.length - 1])))
    expect(nfe).toBe(before.nfe + 1)
  })

  it('is amed too, whose base knows that another step comes', async () => {
    const adam = { name: 'adam', trajectories: 8, batch: 8 } as const
    const found = await distill({
      model: featured,
      student: { name: 'amed', base: 'dpmpp', ranges: { scaleDir: 0.01, scaleTime: 0.01 } },
      sigmas: toZero,
      teacher: training,
      optimizer: adam
    })
    expect(Number.isFinite(found.loss)).toBe(true)
    expect(found.sigmas).toEqual(toZero)
  })

  it.each(['dpmpp', 'unipc', 'deis'] as const)(
    'learns time points of %s with the orders that it samples with',
    async name => {
      const five = Float64Array.of(80, 20, 5, 1, 0.002)
      const { sigmas: found, loss } = await distill({
        model: featured,
        student: { name },
        learnSigmas: true,
        sigmas: Float64Array.of(...five, 0),
        teacher: training,
        optimizer: { name: 'levenberg-marquardt', finalIterations: 1 }
      })
      expect([...found.filter((_, i) => [0, 4, 5].includes(i))]).toEqual([80, 0.002, 0])
      const { trajectory } = await solve({ model: featured, solver: { name }, x: training.states[0], sigmas: found })
      const target = training.states[training.states.length - 1]
      const end = trajectory[five.length - 1]
      expect(end.reduce((sum, value, i) => sum + (value - target[i]) ** 2, 0) / end.length).toBeCloseTo(loss, 10)
    }
  )

  it('has a teacher that leads to the time points above it, from the noise that the schedule says', async () => {
    const teacher = { solver: { name: 'heun' }, refine: 1, substeps: 1 } as const
    const [ended, plain, wide] = await Promise.all(
      [{ ...grid, numSteps: 5, finalSigma: 'zero' }, grid, { ...grid, noiseScale: 'unit-variance' }].map(each =>
        teach({ model: featured, seeds: [1, 2], teacher: { ...teacher, grid: each as typeof grid } })
      )
    )
    expect(ended.trajectories).toEqual(plain.trajectories)
    const factor = Math.sqrt(80 ** 2 + 1) / 80
    wide.trajectories.states[0].forEach((value, i) => {
      expect(value).toBeCloseTo(plain.trajectories.states[0][i] * factor, 10)
    })
  })

  it('needs two time points above it', async () => {
    await expect(
      distill({ model: featured, student, sigmas: Float64Array.of(80, 0), teacher: training })
    ).rejects.toThrow('2 time points above 0 are needed')
  })
})
