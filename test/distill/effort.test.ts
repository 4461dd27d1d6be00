import { describe, expect, it } from 'vitest'
import { distill, distillCost, type OptimizerOptions } from '../../src/distill/distill.js'
import { schedule } from '../../src/solvers/schedule.js'
import { solve } from '../../src/solvers/solve.js'
import { mixture } from '../support/mixture.js'
import { grid, student, taught } from './trajectories.js'

const training = await taught(1, 20)
const validation = await taught(100, 6)

const students = [
  student,
  { ...student, afs: false, points: 1 },
  { ...student, points: 3, ranges: { scaleDir: 0.05, scaleTime: 0 } }
]

async function spentAndForeseen(
  which: (typeof students)[number],
  optimizer: OptimizerOptions,
  numSteps = 4,
  learnsSigmas = false
) {
  const sigmas = schedule({ ...grid, numSteps })
  const onGrid = async (from: typeof training) => {
    const { trajectory } = await solve({ model: mixture, solver: { name: 'heun' }, x: from.states[0], sigmas })
    return { seeds: from.seeds, states: trajectory }
  }
  const common = { teacher: await onGrid(training), validation: await onGrid(validation) }
  const { evaluations } = await distill({
    model: mixture,
    student: which,
    sigmas,
    optimizer,
    learnSigmas: learnsSigmas,
    ...common
  })
  const { afs, points, ranges } = which
  const effort = {
    ...{ learns: 'points' as const, afs, points, learnsSigmas, scalesTime: ranges.scaleTime > 0 },
    ...{ steps: numSteps - 1, training: 20, validation: 6 }
  }
  return { spent: evaluations, foreseen: distillCost(optimizer, effort) }
}

describe('the cost of a distillation', () => {
  it.each(students)('by adam is foreseen exactly', async which => {
    for (const numSteps of [4, 7]) {
      const optimizer = { name: 'adam', batch: 8, trajectories: 32 } as const
      const { spent, foreseen } = await spentAndForeseen(which, optimizer, numSteps)
      expect(spent).toBe(foreseen)
    }
  })

  it.each(students)('by levenberg-marquardt is at most what is foreseen, and not far from it', async which => {
    for (const part of [
      {},
      { iterations: 0 },
      { finalIterations: 0 },
      { iterations: 2, finalIterations: 3, places: 0 }
    ]) {
      const { spent, foreseen } = await spentAndForeseen(which, { name: 'levenberg-marquardt', ...part })
      expect(spent).toBeLessThanOrEqual(foreseen)
      expect(spent).toBeGreaterThan(foreseen / 4)
    }
  })
})
