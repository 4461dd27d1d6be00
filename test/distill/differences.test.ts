import { describe, expect, it } from 'vitest'
import { byCoordinates, byRaw, probes } from '../../src/distill/differences.js'
import { chained, meanSquare, normalEquations } from '../../src/distill/objective.js'
import { coordinates, normalStart, withCoordinates } from '../../src/distill/parameters.js'
import { torchCpuGenerator } from '../../src/random/torch-cpu.js'
import { walk } from '../../src/distill/student.js'
import type { Predictor, PredictorTables } from '../../src/solvers/predictor.js'
import { mixture } from '../support/mixture.js'
import { relativeError } from '../support/fixture.js'
import { sigmas, student, taught } from './trajectories.js'

const training = await taught(1, 8)
const setting = { model: mixture, student, sigmas }
const difference = 1e-7

/** The tape of a predictor, and its probes' walks, to the end. */
async function probed(predictor: Predictor, steps: readonly number[], extent = 3) {
  const [base] = await walk(setting, training, [predictor], extent)
  const all = steps.flatMap(step => probes(predictor, step, sigmas, difference))
  const predictors = all.map(probe => probe.predictor)
  const walks = await walk(setting, training, predictors, extent, base.tape)
  return { base, all, walks }
}

const canonical = (predictor: Predictor, step: number) =>
  withCoordinates(predictor, step, coordinates(predictor, step).values)
const someStart = normalStart(student, 3, torchCpuGenerator(7).randn(24))
const start = [0, 1, 2].reduce(canonical, someStart)

describe('probes', () => {
  it('cost no evaluation for what is linear in its own step, one for a point that moves', async () => {
    const { all, walks } = await probed(start, [1], 2)
    const cost = all.map(({ moved }, k) => [moved, walks[k].evaluations / 8])
    const each = [
      ['r', 1],
      ['scaleTime', 1],
      ['product', 0]
    ]
    expect(cost).toEqual([...each, ...each])
  })

  it('cost what lies downstream beside, from end to end', async () => {
    const { walks } = await probed(start, [0, 1, 2])
    expect(walks.map(({ evaluations }) => evaluations / 8)).toEqual([
      7, 7, 6, 7, 7, 6, 4, 4, 3, 4, 4, 3, 1, 1, 0, 1, 1, 0
    ])
  })

  it('move the raw weight where the scale of direction is fixed', () => {
    const fixed = { ...start, ranges: { scaleDir: 0, scaleTime: 0 } }
    expect(probes(fixed, 0, sigmas, difference).map(({ moved }) => moved)).toEqual(['r', 'weight', 'r', 'weight'])
  })

  it('stay within bounds, also where a sigmoid is saturated', () => {
    const saturated: Predictor = { ...start, scaleTime: start.r.map(() => [40, -40]), r: start.r.map(() => [30, -30]) }
    for (const { change, predictor } of probes(saturated, 0, sigmas, 1e-3)) {
      expect(Math.abs(change)).toBeGreaterThan(1e-6)
      expect([...predictor.r[0], ...predictor.scaleTime[0]].every(Number.isFinite)).toBe(true)
    }
  })
})

describe('chain rules', () => {
  it('agree with moving each coordinate itself', async () => {
    const { base, all, walks } = await probed(start, [1])
    const chain = all.map(probe => byCoordinates(start, 1, probe))
    const { values } = coordinates(start, 1)
    for (let c = 0; c < values.length; c++) {
      const h = 1e-5
      const moved = [h, -h].map(by =>
        withCoordinates(
          start,
          1,
          values.map((value, i) => (i === c ? value + by : value))
        )
      )
      const [ahead, behind] = await walk(setting, training, moved, 3)
      const direct = ahead.states[3].map((value, j) => (value - behind.states[3][j]) / (2 * h))
      const found = direct.map((_, j) =>
        all.reduce(
          (sum, { change }, k) => sum + ((walks[k].states[3][j] - base.states[3][j]) / change) * chain[k][c],
          0
        )
      )
      expect(relativeError(found, direct)).toBeLessThan(1e-4)
    }
  })

  it('agree with moving each raw number itself, also where points differ in scale of direction', async () => {
    const { base, all, walks } = await probed(someStart, [0])
    const names = ['r', 'weight', 'scaleDir', 'scaleTime'] as const
    const chain = all.map(probe => byRaw(someStart, probe))
    for (const [n, name] of names.entries())
      for (let point = 0; point < 2; point++) {
        const h = 1e-5
        const [ahead, behind] = await walk(
          setting,
          training,
          [h, -h].map(by => nudged(someStart, name, 0, point, by)),
          3
        )
        const direct = ahead.states[3].map((value, j) => (value - behind.states[3][j]) / (2 * h))
        const found = direct.map((_, j) =>
          all.reduce(
            (sum, { change }, k) =>
              sum + ((walks[k].states[3][j] - base.states[3][j]) / change) * chain[k][2 * n + point],
            0
          )
        )
        expect(relativeError(found, direct)).toBeLessThan(1e-3)
      }
  })

  it('give normal equations whose gradient is that of the loss', async () => {
    const { base, all, walks } = await probed(start, [2])
    const differenced = all.map(({ change }, k) => ({ states: walks[k].states, change }))
    const normal = chained(
      normalEquations(base.states, training.states, [3], differenced),
      all.map(probe => byCoordinates(start, 2, probe))
    )
    const { values } = coordinates(start, 2)
    const slopes = await Promise.all(
      values.map(async (_, c) => {
        const moved = [1e-5, -1e-5].map(by =>
          withCoordinates(
            start,
            2,
            values.map((value, i) => (i === c ? value + by : value))
          )
        )
        const [ahead, behind] = await walk(setting, training, moved, 3)
        return (meanSquare(ahead.states, training.states, [3]) - meanSquare(behind.states, training.states, [3])) / 4e-5
      })
    )
    expect(relativeError(normal.gradient, slopes)).toBeLessThan(1e-4)
  })
})

function nudged(predictor: Predictor, name: keyof PredictorTables, step: number, point: number, by: number): Predictor {
  const table = predictor[name].map((row, i) => row.map((raw, k) => (i === step && k === point ? raw + by : raw)))
  return { ...predictor, [name]: table }
}
