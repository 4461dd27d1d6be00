import { describe, expect, it } from 'vitest'
import { distill, type DistillOptions } from '../../src/distill/distill.js'
import { tableOf } from '../../src/solvers/table-of.js'
import { counted } from '../../src/stages/counted.js'
import { describe as lineOf, spending } from '../../src/stages/distill-progress.js'
import type { Progress } from '../../src/stages/stage.js'
import { sigmas, student, taught } from '../distill/trajectories.js'
import { mixture } from '../support/mixture.js'

const row = { iteration: 3, loss: 0.0025, evaluations: 3318, accepted: true } as const

describe('the line of an iteration', () => {
  it('calls the loss of a single step local, and counts steps from 1', () => {
    expect(lineOf({ ...row, phase: 'step', step: 0, damping: 0.01 }, 3)).toBe(
      '  3  step 1 of 3  local rms loss 0.05000  accepted  3,318 evaluations  damping 0.010'
    )
  })

  it('has the validation of all steps', () => {
    expect(lineOf({ ...row, phase: 'final', validationLoss: 0.0036, accepted: false }, 3)).toBe(
      '  3  all 3 steps  rms loss 0.05000  validation 0.06000  refused  3,318 evaluations'
    )
  })

  it('says what of a table is fitted', () => {
    const phases = (['few', 'rows', 'points'] as const).map(tablePhase =>
      lineOf({ ...row, phase: 'final', tablePhase }, 3)
    )
    expect(phases.map(line => line.split('  ')[2])).toEqual([
      'table from a few of the trajectories',
      'table from all trajectories',
      'table with all its points'
    ])
  })
})

const [training, validation] = [await taught(1, 12), await taught(100, 12)]
const table = { name: 'bns', start: tableOf({ name: 'ipndm', maxOrder: 2 }, sigmas), points: 2 } as const

describe('the evaluations of a distillation', () => {
  it.each<[string, Partial<DistillOptions>]>([
    ['a predictor', { student, optimizer: { name: 'levenberg-marquardt', iterations: 2, finalIterations: 2 } }],
    ['time points', { student: { name: 'dpm2' }, learnSigmas: true }],
    ['a table', { student: table, optimizer: { name: 'levenberg-marquardt', finalIterations: 2 } }],
    ['coordinates', { student: { name: 'pas', components: 4 } }]
  ])('of %s are those that its model is asked for', async (_, options) => {
    let asked = 0
    const atIterations: number[] = []
    const model = counted(mixture, more => {
      asked += more
    })
    const { evaluations, history } = await distill({
      ...{ model, student, sigmas, teacher: training, validation, ...options },
      onIteration: () => {
        atIterations.push(asked)
      }
    })
    expect(asked).toBe(evaluations)
    expect(atIterations).toEqual(history.map(({ evaluations: counted }) => counted))
  })

  it('are reported as at most so many, and never fall', () => {
    const reported: Progress[] = []
    const { add, set } = spending({ evaluations: 100, atMost: true }, 40, progress => reported.push(progress))
    add(20)
    set(70)
    // What is evaluated once more where it goes on.
    set(50)
    set(200)
    expect(reported.map(({ done }) => done)).toEqual([40, 70, 70, 100])
    expect(reported[0]).toEqual({ done: 40, total: 100, unit: 'evaluations', atMost: true })
  })
})

describe('the phases of a table', () => {
  it('are told in their order', async () => {
    const { history } = await distill({ model: mixture, student: table, sigmas, teacher: training, validation })
    const phases = history.map(({ tablePhase }) => tablePhase)
    expect([...new Set(phases)]).toEqual(['few', 'rows', 'points'])
    expect(phases).toEqual([...phases].sort((a, b) => 'hrp'.indexOf(a![0]) - 'hrp'.indexOf(b![0])))
  })
})
