import { describe, expect, it } from 'vitest'
import { amedStart } from '../../src/distill/amed.js'
import { distill, distillCost, type DistillState } from '../../src/distill/distill.js'
import type { AmedPredictor } from '../../src/solvers/amed-predictor.js'
import { solve } from '../../src/solvers/solve.js'
import { featured, FEATURES } from '../support/featured.js'
import { mixture } from '../support/mixture.js'
import { sigmas, taught } from './trajectories.js'

const training = await taught(1, 20)
const validation = await taught(100, 8)
const ranges = { scaleDir: 0.05, scaleTime: 0.1 }
const student = { name: 'amed', afs: true, ranges } as const
const optimizer = { name: 'adam', batch: 10, trajectories: 60, lr: 0.01 } as const
const common = { model: featured, student, sigmas, teacher: training, validation, optimizer }

/** Mean squared difference to the teacher's last state, with a network. */
async function lossWith(predictor: AmedPredictor): Promise<number> {
  const { x } = await solve({
    model: featured,
    solver: { name: 'amed', afs: true, predictor },
    x: validation.states[0],
    sigmas
  })
  return x.reduce((sum, value, i) => sum + (value - validation.states[3][i]) ** 2, 0) / x.length
}

describe('amed', () => {
  it('is trained to less error than it starts with, on trajectories that it has not seen', async () => {
    const start = { layers: amedStart(FEATURES, 0), ranges }
    const found = await distill({ ...common, optimizer: { ...optimizer, trajectories: 400 } })
    expect((await lossWith(found.learned)) / found.validationLoss!).toBeCloseTo(1, 12)
    expect(found.validationLoss).toBeLessThan(0.7 * (await lossWith(start)))
  })

  it('follows the gradient that differences of the whole network have', async () => {
    // One update of Adam moves each number by the learning rate against the sign of its gradient.
    const lr = 1e-4
    const one = { name: 'adam', batch: 20, trajectories: 20, lr } as const
    const found = await distill({
      ...common,
      student: { ...student, afs: false },
      sigmas: sigmas.slice(0, 2),
      teacher: short(training),
      validation: undefined,
      optimizer: one
    })
    const start = amedStart(FEATURES, 0)
    const loss = async (layers: typeof start) => {
      const { x } = await solve({
        model: featured,
        solver: { name: 'amed', predictor: { layers, ranges } },
        x: training.states[0],
        sigmas: sigmas.slice(0, 2)
      })
      return x.reduce((sum, value, i) => sum + (value - training.states[1][i]) ** 2, 0)
    }
    for (const [name, i, j] of [
      ['r', 0, 3],
      ['r', 0, 12],
      ['scaleDir', 0, 5],
      ['scaleTime', 0, 17],
      ['time', 2, 3],
      ['encoder', 5, 2],
      ['code', 1, 7]
    ] as const) {
      const moved = (by: number) => ({
        ...start,
        [name]: {
          ...start[name],
          weight: start[name].weight.map((row, a) => row.map((v, b) => (a === i && b === j ? v + by : v)))
        }
      })
      const slope = (await loss(moved(1e-5))) - (await loss(moved(-1e-5)))
      const step = found.learned.layers[name].weight[i][j] - start[name].weight[i][j]
      expect(Math.sign(step)).toBe(-Math.sign(slope))
      expect(Math.abs(step)).toBeCloseTo(lr, 6)
    }
  })

  it.each(['euler', 'ipndm', 'dpmpp'] as const)('is trained as a plug-in of %s', async base => {
    const { learned, validationLoss, loss } = await distill({ ...common, student: { ...student, base } })
    expect([loss, validationLoss].every(Number.isFinite)).toBe(true)
    expect(learned.layers.encoder.weight[0]).toHaveLength(FEATURES)
  })

  it('costs what is foreseen', async () => {
    for (const scaleTime of [0, 0.1]) {
      const { evaluations } = await distill({ ...common, student: { ...student, ranges: { ...ranges, scaleTime } } })
      const effort = {
        ...({ learns: 'network', afs: true, points: 1, learnsSigmas: false, scalesTime: scaleTime > 0 } as const),
        ...{ steps: 3, training: 20, validation: 8 }
      }
      expect(evaluations).toBe(distillCost(optimizer, effort))
    }
  })

  it('continues from any iteration to the bits of a training that never stopped', async () => {
    const states: string[] = []
    const whole = await distill({ ...common, onIteration: (_, state) => void states.push(JSON.stringify(state)) })
    expect(states).toHaveLength(6)
    for (const text of states) {
      const rest = await distill({ ...common, resume: JSON.parse(text) as DistillState })
      expect({ ...rest, history: [] }).toEqual({ ...whole, history: [] })
    }
  })

  it('gives the same bits however batches are split', async () => {
    expect(await distill({ ...common, batchSize: 3 })).toEqual(await distill(common))
  })

  it.each([
    [{ model: mixture }, /this model does not show/],
    [{ optimizer: { name: 'levenberg-marquardt' } }, /amed is trained by adam alone/],
    [{ learnSigmas: true }, /the time points of amed are not learned/],
    [{ objective: 'final' }, /neither a view nor an objective/]
  ] as const)('refuses %o', async (options, message) => {
    await expect(distill({ ...common, ...options })).rejects.toThrow(message)
  })
})

/** The first step alone. */
function short({ seeds, states }: typeof training) {
  return { seeds, states: states.slice(0, 2) }
}
