import { describe, expect, it } from 'vitest'
import { distill, distillCost, type DistillOptions, type DistillState } from '../../src/distill/distill.js'
import { medianPath } from '../../src/distill/step-search.js'
import type { PlainStudent } from '../../src/distill/student.js'
import { teach } from '../../src/distill/teach.js'
import { pick, type Trajectories } from '../../src/distill/trajectories.js'
import { schedule } from '../../src/solvers/schedule.js'
import { mixture } from '../support/mixture.js'
import { student as epd } from './trajectories.js'

const seeds = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i)
const gridOf = (numSteps: number) =>
  ({ type: 'time_uniform', rho: 1, numSteps, sigmaMin: 0.002, sigmaMax: 80 }) as const

/** Where Heun leads seeds on a refinement of so many time points; all states are kept. */
async function refined(numSteps: number, refine: number, which: readonly number[]): Promise<Trajectories> {
  const teacher = { solver: { name: 'heun' }, grid: gridOf(numSteps), refine, substeps: 1, keep: 'refined' } as const
  return (await teach({ model: mixture, teacher, seeds: which })).trajectories
}

const training = await refined(6, 11, seeds(1, 24))
const validation = await refined(6, 11, seeds(1000, 128))
const sigmas = schedule(gridOf(6))
const optimizer = { name: 'search' } as const
const common = {
  ...{ model: mixture, student: { name: 'euler' }, learnSigmas: true, sigmas, teacher: training, validation },
  optimizer
} as const satisfies DistillOptions<PlainStudent>

/** The loss on unseen trajectories with time points as they are. */
async function lossOf(options: Partial<DistillOptions<PlainStudent>>): Promise<number> {
  const none = { name: 'levenberg-marquardt', finalIterations: 0 } as const
  return (await distill({ ...common, ...options, optimizer: none })).validationLoss ?? NaN
}

describe('a search for time points', () => {
  it.each([4, 6, 9])(
    'finds %i for euler that are better than time_uniform, on trajectories that it has not seen',
    async numSteps => {
      const refine = Math.ceil(60 / (numSteps - 1))
      const own = {
        sigmas: schedule(gridOf(numSteps)),
        teacher: await refined(numSteps, refine, seeds(1, 24)),
        validation: await refined(numSteps, refine, seeds(1000, 128))
      }
      for (const afs of [false, true]) {
        const student = { name: 'euler', afs } as const
        const found = await distill({ ...common, ...own, student })
        expect(found.validationLoss).toBeLessThan(0.96 * (await lossOf({ ...own, student })))
        expect(found.validationLoss).toBeCloseTo(await lossOf({ ...own, student, sigmas: found.sigmas }), 12)
      }
    }
  )

  it('finds points of the teacher that fall, between the ends of the student', async () => {
    const { sigmas: found, learned } = await distill(common)
    expect([found[0], found[5]]).toEqual([sigmas[0], sigmas[5]])
    for (const level of found.slice(1, -1)) expect(training.sigmas).toContain(level)
    for (const [k, level] of found.slice(1).entries()) expect(level).toBeLessThan(found[k])
    expect(Float64Array.from(learned.sigmas)).toEqual(found)
  })

  it('finds the median of what it finds for each trajectory', async () => {
    const alone = await Promise.all(
      training.seeds.map(async (_, k) => {
        const { sigmas: own } = await distill({ ...common, teacher: pick(training, [k]), validation: undefined })
        return [...own].map(level => training.sigmas?.findIndex(each => Math.abs(each / level - 1) < 1e-9) ?? -1)
      })
    )
    const { sigmas: found } = await distill(common)
    const median = medianPath(alone).map(place => training.sigmas?.[place] ?? NaN)
    found.forEach((level, k) => {
      expect(level / median[k]).toBeCloseTo(1, 9)
    })
    expect(new Set(alone.map(String)).size).toBeGreaterThan(1)
  })

  it('finds points from which levenberg-marquardt comes to less than half of the error of ipndm', async () => {
    const student = { name: 'ipndm' } as const
    const found = await distill({ ...common, student })
    const fit = { ...common, student, optimizer: { name: 'levenberg-marquardt' } } as const
    const [from, plain] = [await distill({ ...fit, sigmas: found.sigmas }), await distill(fit)]
    expect(Math.sqrt(from.validationLoss ?? NaN)).toBeLessThan(0.5 * Math.sqrt(plain.validationLoss ?? NaN))
  })

  it('costs what is foreseen', async () => {
    for (const afs of [false, true]) {
      const { evaluations } = await distill({ ...common, student: { name: 'ipndm', afs } })
      const effort = { learns: 'time-points', afs, points: 0, learnsSigmas: true, scalesTime: false, steps: 5 } as const
      const grid = { points: 61, steps: 5 }
      expect(evaluations).toBe(distillCost(optimizer, { ...effort, grid, training: 24, validation: 128 }))
    }
  })

  it('continues from any lot to the bits of a search that never stopped', async () => {
    const states: string[] = []
    const whole = await distill({ ...common, onIteration: (_, state) => void states.push(JSON.stringify(state)) })
    expect(states).toHaveLength(2)
    for (const text of states) {
      const rest = await distill({ ...common, resume: JSON.parse(text) as DistillState })
      expect({ ...rest, history: [] }).toEqual({ ...whole, history: [] })
    }
  })

  it('gives the same bits however batches are split', async () => {
    expect(await distill({ ...common, batchSize: 7 })).toEqual(await distill(common))
  })

  it('leaves a last noise level of 0 where it is', async () => {
    const toZero = Float64Array.of(...sigmas, 0)
    const { sigmas: found } = await distill({ ...common, sigmas: toZero })
    expect(found).toEqual(Float64Array.of(...(await distill(common)).sigmas, 0))
  })

  it.each([
    [{ teacher: { ...training, sigmas: undefined } }, /a search needs trajectories that say the noise levels/],
    [
      { sigmas: Float64Array.of(50, 1, 0.002) },
      /the trajectories go from [.\d]+ to [.\d]+, and the student from 50 to 0.002/
    ],
    [{ sigmas: schedule(gridOf(62)) }, /62 time points are searched among 61 of the teacher/],
    [{ objective: 'final' }, /it takes neither a view nor an objective/]
  ] as const)('refuses %o', async (options, message) => {
    await expect(distill({ ...common, ...options })).rejects.toThrow(message)
  })

  it('is for solvers without parameters', async () => {
    await expect(distill({ ...common, student: epd })).rejects.toThrow(
      /time points are learned by levenberg-marquardt alone/
    )
  })
})

describe('trajectories that are kept between the time points too', () => {
  const teacher = { solver: { name: 'heun' }, grid: gridOf(4), refine: 3, substeps: 2 } as const
  const own = { model: mixture, sigmas: schedule(gridOf(4)), seeds: seeds(1, 8), validationSeeds: seeds(50, 4) }
  const fit = { name: 'levenberg-marquardt', iterations: 2, finalIterations: 1 } as const

  it('teach other students the same', async () => {
    const kept = { ...teacher, keep: 'refined' } as const
    for (const student of [epd, { name: 'pas', components: 2 } as const])
      expect(await distill({ ...own, student, teacher: kept })).toEqual(await distill({ ...own, student, teacher }))
    const plain = { ...own, student: { name: 'ipndm' }, learnSigmas: true, optimizer: fit } as const
    expect(await distill({ ...plain, teacher: kept })).toEqual(await distill({ ...plain, teacher }))
  })

  it('have to have a state at each time point of a student that follows them', async () => {
    const student = { name: 'pas', components: 2 } as const
    const others = Float64Array.of(80, 7, 0.002)
    await expect(
      distill({ ...common, student, learnSigmas: false, optimizer: { name: 'least-squares' }, sigmas: others })
    ).rejects.toThrow("the trajectories have no state at the student's time point 7")
  })
})
