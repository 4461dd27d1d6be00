import { describe, expect, it } from 'vitest'
import { gradient } from '../../src/distill/adam.js'
import { distill } from '../../src/distill/distill.js'
import { lookThrough, type View } from '../../src/distill/objective.js'
import { normalStart } from '../../src/distill/parameters.js'
import { lossOf } from '../../src/distill/task.js'
import { walk, type Walk } from '../../src/distill/student.js'
import { torchCpuGenerator } from '../../src/random/torch-cpu.js'
import type { Predictor } from '../../src/solvers/predictor.js'
import { schedule } from '../../src/solvers/schedule.js'
import { mixture } from '../support/mixture.js'
import { relativeError } from '../support/fixture.js'
import { grid, sigmas, student, taught } from './trajectories.js'

const training = await taught(1, 16)
const setting = { model: mixture, student, sigmas }
const common = { model: mixture, student, sigmas, teacher: training }

/** Something that bends, and has another size than the samples. */
const bent: View = (samples, count) =>
  Promise.resolve(Float64Array.from({ length: count }, (_, i) => Math.tanh(samples[2 * i]) + samples[2 * i + 1]))

describe('adam', () => {
  it.each([
    ['of pixels', undefined],
    ['of what a view sees', bent]
  ])('goes by the gradient of the loss %s in every raw number', async (_, view) => {
    const look = lookThrough(view, 3)
    const start = normalStart(student, 3, torchCpuGenerator(7).randn(24))
    const fit = { steps: [0, 1, 2], at: [3], extent: 3 }
    const [base] = await walk(setting, training, [start], 3)
    const found = await gradient({ setting, look }, training, start, base, fit, 1e-7)
    const names = ['r', 'weight', 'scaleDir', 'scaleTime'] as const
    const direct: number[] = []
    const loss = (walked: Walk) => lossOf({ look }, walked, training, [3])
    for (const step of fit.steps)
      for (const name of names)
        for (const point of [0, 1]) {
          const nudged = [1e-5, -1e-5].map((by): Predictor => ({
            ...start,
            [name]: start[name].map((row, i) => row.map((raw, k) => (i === step && k === point ? raw + by : raw)))
          }))
          const [ahead, behind] = await walk(setting, training, nudged, 3)
          const [above, below] = [await loss(ahead), await loss(behind)]
          direct.push((above - below) / 2e-5)
        }
    expect(relativeError(found.gradient, direct)).toBeLessThan(1e-4)
  })

  it('lowers the loss, and counts what it spent and what backpropagation would have', async () => {
    const optimizer = { name: 'adam', batch: 8, trajectories: 160 } as const
    const { history, loss, evaluations, backpropagated } = await distill({ ...common, optimizer })
    expect(history).toHaveLength(20)
    expect(loss).toBeLessThan(history[0].loss)
    // 8 evaluations walk a student, 66 probe it; the noise takes 2 * 9 at 3 time points, the end result 16 students.
    expect(evaluations).toBe(20 * 8 * (8 + 66) + 54 + 16 * 8)
    expect(backpropagated).toBe(20 * 3 * 8 * 8 + 16 * 8)
  })

  it('updates after every step where there are 6 time points or more', async () => {
    const longer = schedule({ ...grid, numSteps: 6 })
    const teacher = { solver: { name: 'heun' }, refine: 1, substeps: 1, grid: { ...grid, numSteps: 6 } } as const
    const states: unknown[] = []
    const optimizer = { name: 'adam', batch: 4, trajectories: 4 } as const
    const { backpropagated } = await distill({
      ...common,
      sigmas: longer,
      teacher,
      seeds: [1, 2, 3, 4],
      optimizer,
      onIteration: (_, state) => void states.push(state)
    })
    expect(states).toMatchObject([{ iteration: 1, updates: 5 }])
    expect(backpropagated).toBe(3 * 4 * 14 + 4 * 14)
  })

  it('sees the same batches with the same seed alone', async () => {
    const optimizer = { name: 'adam', batch: 5, trajectories: 25 } as const
    const of = (seed: number) => distill({ ...common, optimizer, start: 'uniform', seed })
    expect(await of(1)).toEqual(await of(1))
    expect((await of(1)).loss).not.toBe((await of(2)).loss)
  })
})
