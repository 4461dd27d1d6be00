import { describe, expect, it } from 'vitest'
import { distill, distillCost, type DistillState } from '../../src/distill/distill.js'
import { pasSteps } from '../../src/solvers/pas.js'
import type { PasPredictor } from '../../src/solvers/pas-predictor.js'
import { drive } from '../../src/solvers/driver.js'
import { solve } from '../../src/solvers/solve.js'
import { mixture } from '../support/mixture.js'
import { followed, sigmas, taught } from './trajectories.js'

const training = await taught(1, 32)
const validation = await taught(100, 64)
const student = { name: 'pas', components: 4 } as const
const common = { model: mixture, student, sigmas, teacher: training, validation }
type Base = 'euler' | 'ipndm' | 'deis' | 'dpmpp'

/** Mean squared difference of final samples to the teacher's. */
async function lossOf(solver: Parameters<typeof solve>[0]['solver'], of = validation): Promise<number> {
  const { x } = await solve({ model: mixture, solver, x: of.states[0], sigmas })
  return x.reduce((sum, value, i) => sum + (value - of.states[3][i]) ** 2, 0) / x.length
}

describe('pas', () => {
  it.each(['euler', 'ipndm', 'deis'] as const satisfies Base[])(
    'takes a quarter of the error of %s away, on trajectories that it has not seen',
    async base => {
      const { learned, validationLoss, loss } = await distill({ ...common, student: { ...student, base } })
      const solver = { ...student, base, predictor: learned }
      expect((await lossOf(solver)) / (validationLoss ?? NaN)).toBeCloseTo(1, 10)
      expect((await lossOf(solver, training)) / loss).toBeCloseTo(1, 10)
      expect(Math.sqrt(validationLoss ?? NaN)).toBeLessThan(0.75 * Math.sqrt(await lossOf({ name: base })))
    }
  )

  it('finds the coordinates that the least squares of a step have: no change of any of them gains', async () => {
    const optimizer = { name: 'least-squares', tolerance: 0 } as const
    const { learned } = await distill({ ...common, optimizer })
    /** Mean squared difference after a step, with other coordinates there. */
    const after = async (step: number, { coordinates }: PasPredictor) => {
      const size = training.states[0].length / training.seeds.length
      const jobs = training.seeds.map((_, k) => ({
        run: pasSteps(
          { x: training.states[0].slice(k * size, (k + 1) * size), samples: 1, sigmas },
          student,
          ({ index }) => coordinates[index]
        ),
        steps: step + 1
      }))
      const ends = await drive(jobs, { model: mixture })
      return ends.reduce(
        (sum, { x }, k) =>
          sum + x.reduce((s, value, i) => s + (value - training.states[step + 1][k * size + i]) ** 2, 0),
        0
      )
    }
    for (const step of [0, 1, 2])
      for (const k of [0, 1, 2, 3]) {
        const best = await after(step, learned)
        for (const by of [1e-3, -1e-3]) {
          const moved = learned.coordinates.map((row, i) =>
            row.map((value, j) => (i === step && j === k ? value + by : value))
          )
          expect(await after(step, { coordinates: moved })).toBeGreaterThanOrEqual(best * (1 - 1e-12))
        }
      }
  })

  it('keeps no correction of a step whose gain is not worth it', async () => {
    const rowOf = async (tolerance: number) => {
      const { learned, history } = await distill({ ...common, optimizer: { name: 'least-squares', tolerance } })
      return { rows: learned.coordinates, accepted: history.map(row => row.accepted) }
    }
    const none = await rowOf(1e6)
    expect(none).toEqual({ rows: [0, 1, 2].map(() => [1, 0, 0, 0]), accepted: [false, false, false] })
    const { rows, accepted } = await rowOf(1e-4)
    expect(accepted).toContain(true)
    rows.forEach((row, i) => {
      expect(row.some((value, k) => value !== (k === 0 ? 1 : 0))).toBe(accepted[i])
    })
  })

  it('corrects nothing of a student that its teacher agrees with', async () => {
    const teacher = await followed({ name: 'euler' }, 1, 8)
    const { learned, loss } = await distill({ ...common, teacher, validation: undefined })
    expect(learned.coordinates).toEqual([0, 1, 2].map(() => [1, 0, 0, 0]))
    expect(loss).toBe(0)
  })

  it('costs one walk of all trajectories', async () => {
    for (const afs of [false, true]) {
      const { evaluations } = await distill({ ...common, student: { ...student, afs } })
      const effort = { learns: 'coordinates', afs, points: 0, learnsSigmas: false, scalesTime: false } as const
      const foreseen = distillCost({ name: 'least-squares' }, { ...effort, steps: 3, training: 32, validation: 64 })
      expect(evaluations).toBe(foreseen)
      expect(foreseen).toBe((afs ? 2 : 3) * (32 + 64))
    }
  })

  it('continues from any step to the bits of a fit that never stopped', async () => {
    const states: string[] = []
    const whole = await distill({ ...common, onIteration: (_, state) => void states.push(JSON.stringify(state)) })
    expect(states).toHaveLength(3)
    for (const text of states) {
      const rest = await distill({ ...common, resume: JSON.parse(text) as DistillState })
      expect({ ...rest, history: [] }).toEqual({ ...whole, history: [] })
    }
  })

  it('gives the same bits however batches are split', async () => {
    expect(await distill({ ...common, batchSize: 3 })).toEqual(await distill(common))
  })

  it('learns what it learns without a last noise level of 0', async () => {
    const toZero = Float64Array.of(...sigmas, 0)
    expect((await distill({ ...common, sigmas: toZero })).learned).toEqual((await distill(common)).learned)
  })

  it.each([
    [{ optimizer: { name: 'levenberg-marquardt' } }, /pas is trained by least-squares alone/],
    [{ learnSigmas: true }, /the time points of pas are not learned/],
    [{ objective: 'final' }, /neither a view nor an objective/]
  ] as const)('refuses %o', async (options, message) => {
    await expect(distill({ ...common, ...options })).rejects.toThrow(message)
  })
})
