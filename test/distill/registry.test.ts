import { describe, expect, it } from 'vitest'
import { distill, distillCost, type DistillOptions } from '../../src/distill/distill.js'
import { namesOf, optimiserOf, optimisersOf, type OptimizerOptions } from '../../src/distill/registry.js'
import type { Student } from '../../src/distill/student.js'
import { featured } from '../support/featured.js'
import { mixture } from '../support/mixture.js'
import { sigmas, student, taught } from './trajectories.js'

const common = { model: mixture, student, sigmas, teacher: await taught(1, 12), validation: await taught(100, 6) }
const amed = { name: 'amed', ranges: student.ranges } as const

const pas = { name: 'pas', components: 4 } as const

/** Trajectories at time points that are searched, so many that a search takes two lots. */
function manyOf({ seeds, states }: typeof common.teacher): typeof common.teacher {
  const twice = states.map(state => Float64Array.of(...state, ...state))
  return { seeds: [...seeds, ...seeds], states: twice, sigmas }
}

const tasks: [string, DistillOptions][] = [
  ['levenberg-marquardt of epd', { ...common, optimizer: { name: 'levenberg-marquardt', finalIterations: 3 } }],
  ['levenberg-marquardt of euler', { ...common, student: { name: 'euler' }, learnSigmas: true }],
  ['adam of epd', { ...common, optimizer: { name: 'adam', batch: 5, trajectories: 15 } }],
  ['adam of amed', { ...common, model: featured, student: amed, optimizer: { name: 'adam', trajectories: 36 } }],
  [
    'search of euler',
    {
      ...common,
      teacher: manyOf(common.teacher),
      student: { name: 'euler' },
      learnSigmas: true,
      optimizer: { name: 'search' }
    }
  ],
  ['least-squares of pas', { ...common, student: pas }]
]

/** Makes plain data throw wherever it is written to. */
function frozen(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  Object.freeze(value)
  Object.values(value).forEach(frozen)
}

describe('the optimisers', () => {
  it('learn what each kind of solver needs, by default and by name', () => {
    expect(namesOf(optimisersOf('points'))).toBe('levenberg-marquardt or adam')
    expect(namesOf(optimisersOf('points', true))).toBe('levenberg-marquardt')
    expect(namesOf(optimisersOf('time-points', true))).toBe('levenberg-marquardt or search')
    expect(namesOf(optimisersOf('network'))).toBe('adam')
    expect(namesOf(optimisersOf('coordinates'))).toBe('least-squares')
    expect(optimisersOf('network', true)).toEqual([])
    expect(optimisersOf('coordinates', true)).toEqual([])
    expect(optimiserOf('points')?.name).toBe('levenberg-marquardt')
    expect(optimiserOf('network', 'levenberg-marquardt')).toBeUndefined()
  })

  it.each(tasks)('never change a state that they have left: %s', async (_, options) => {
    const untouched = await distill(options)
    const states: unknown[] = []
    const onIteration = (row: unknown, state: unknown) => {
      frozen(state)
      states.push(row)
    }
    expect(await distill({ ...options, onIteration })).toEqual(untouched)
    expect(states.length).toBeGreaterThan(1)
  })

  it.each(tasks)('give another result of another name nothing to go on from: %s', async (_, options) => {
    const resume = { name: 'another', iteration: 7 }
    expect(await distill({ ...options, resume })).toEqual(await distill(options))
  })

  it.each([
    [student, 'points', 'levenberg-marquardt', { iterations: 4, finalIterations: 1 }],
    [student, 'points', 'adam', { lr: 0.2, betas: [0.9, 0.999], batch: 32, trajectories: 10_000 }],
    [amed, 'network', 'adam', { lr: 0.005, betas: [0.9, 0.999], batch: 32, trajectories: 10_000 }],
    [pas, 'coordinates', 'least-squares', { tolerance: 1e-4 }]
  ] as [Student, 'points' | 'network' | 'coordinates', OptimizerOptions['name'], object][])(
    'state the defaults of their options for %o',
    (_, learns, name, options) => {
      expect(optimiserOf(learns, name)?.specify(undefined, { learnSigmas: false })).toEqual({ name, ...options })
    }
  )

  it('by default take more iterations from end to end where time points are learned, in their cost too', async () => {
    const optimizer = { name: 'levenberg-marquardt' } as const
    const specified = optimiserOf('points', optimizer.name)?.specify(optimizer, { learnSigmas: true })
    expect(specified).toMatchObject({ finalIterations: 10 })
    const { evaluations } = await distill({ ...common, learnSigmas: true })
    const effort = { learns: 'points', afs: true, points: 2, learnsSigmas: true, scalesTime: true, steps: 3 } as const
    expect(evaluations).toBeLessThan(distillCost(optimizer, { ...effort, training: 12, validation: 6 }))
  })

  it('without an iteration leave the parameters where they start', async () => {
    const optimizer = { name: 'levenberg-marquardt', iterations: 0, finalIterations: 0 } as const
    const { learned, history, loss, validationLoss } = await distill({ ...common, optimizer })
    expect(history).toEqual([])
    for (const [nearer, farther] of learned.r) {
      expect(nearer).toBeCloseTo(Math.log(1 / 2), 12)
      expect(farther).toBeCloseTo(Math.log(2), 12)
    }
    expect([loss, validationLoss].every(Number.isFinite)).toBe(true)
  })

  it('refuse options of another', () => {
    const cost = () =>
      optimiserOf('points', 'adam')?.cost(
        { name: 'levenberg-marquardt' },
        {
          ...{ learns: 'points', afs: true, points: 2, learnsSigmas: false, scalesTime: true },
          ...{ steps: 3, training: 12, validation: 6 }
        }
      )
    expect(cost).toThrow('options of levenberg-marquardt are not for adam')
  })
})
