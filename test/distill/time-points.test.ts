import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { distill, type DistillState } from '../../src/distill/distill.js'
import { byCoordinates, timeProbes } from '../../src/distill/differences.js'
import { coordinates, withCoordinates } from '../../src/distill/parameters.js'
import { walk } from '../../src/distill/student.js'
import type { PlainSolverOptions } from '../../src/solvers/options.js'
import type { Predictor } from '../../src/solvers/predictor.js'
import { schedule } from '../../src/solvers/schedule.js'
import { solve } from '../../src/solvers/solve.js'
import { mixture } from '../support/mixture.js'
import { grid, sigmas, student, taught } from './trajectories.js'

const training = await taught(1, 24)
const validation = await taught(100, 24)
const none = { r: [], weight: [], scaleDir: [], scaleTime: [], ranges: { scaleDir: 0, scaleTime: 0 } }
const six = [...schedule({ ...grid, numSteps: 6 })]
const at = (points: readonly number[]): Predictor => ({ ...none, sigmas: points })

describe('time points', () => {
  it('fall between their ends, whatever their coordinates are', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -6, max: 6, noNaN: true }), { minLength: 5, maxLength: 5 }), values => {
        const { sigmas: moved = [] } = withCoordinates(at(six), 'sigmas', values)
        expect([moved[0], moved[5]]).toEqual([six[0], six[5]])
        expect(moved.every((sigma, i) => i === 0 || sigma < moved[i - 1])).toBe(true)
      })
    )
  })

  it('come back from their coordinates, and stay as they are bit for bit where these do', () => {
    const { values } = coordinates(at(six), 'sigmas')
    expect(withCoordinates(at(six), 'sigmas', values).sigmas).toEqual(six)
    const shifted = withCoordinates(
      at(six),
      'sigmas',
      values.map(value => value + 1)
    )
    shifted.sigmas?.forEach((sigma, i) => {
      expect(Math.abs(sigma / six[i] - 1)).toBeLessThan(1e-12)
    })
  })

  it('depend on their coordinates as the chain rule says', () => {
    const { values } = coordinates(at(six), 'sigmas')
    for (const probe of timeProbes(at(six), 1e-6)) {
      const chain = byCoordinates(at(six), 'sigmas', probe)
      values.forEach((_, c) => {
        const log = (by: number) => {
          const moved = values.map((value, k) => (k === c ? value + by : value))
          return Math.log(withCoordinates(at(six), 'sigmas', moved).sigmas![probe.index])
        }
        expect(Math.abs(chain[c] - (log(1e-5) - log(-1e-5)) / 2e-5)).toBeLessThan(1e-8)
      })
    }
  })

  it('are probed one by one, which leaves the evaluations before them on the tape', async () => {
    const setting = { model: mixture, student: { name: 'euler' } as const, sigmas: Float64Array.from(six) }
    const trajectories = { ...training, states: six.map(() => training.states[0]) }
    const [base] = await walk(setting, trajectories, [at(six)], 5)
    const probes = timeProbes(at(six), 1e-4)
    const walks = await walk(
      setting,
      trajectories,
      probes.map(({ predictor }) => predictor),
      5,
      base.tape
    )
    expect(walks.map(({ evaluations }) => evaluations / 24)).toEqual([4, 3, 2, 1])
  })
})

const plain: PlainSolverOptions[] = [
  { name: 'euler', afs: true },
  { name: 'heun', afs: true },
  { name: 'dpm2' },
  { name: 'ipndm', afs: true },
  { name: 'dpmpp', thresholding: false },
  { name: 'unipc', thresholding: false },
  { name: 'deis', afs: true }
]

describe('distill with learnSigmas', () => {
  it.each(plain)('lowers the error of $name on trajectories that it has not seen', async solver => {
    const start = schedule({ ...grid, numSteps: 5 })
    const found = await distill({
      model: mixture,
      student: solver,
      learnSigmas: true,
      sigmas: start,
      teacher: training,
      validation
    })
    const error = async (points: Float64Array) => {
      const { x } = await solve({ model: mixture, solver, x: validation.states[0], sigmas: points })
      const truth = validation.states[3]
      return x.reduce((sum, value, i) => sum + (value - truth[i]) ** 2, 0) / x.length
    }
    expect(await error(found.sigmas)).toBe(found.validationLoss)
    expect(await error(found.sigmas)).toBeLessThan(0.9 * (await error(start)))
    expect(found.learned).toEqual({ sigmas: [...found.sigmas] })
  })

  it.each(['euler', 'ipndm'] as const)('lowers the error of epd on %s below what step by step is found', async base => {
    const common = { model: mixture, student: { ...student, base }, sigmas, teacher: training, validation }
    const alone = await distill({ ...common, optimizer: { name: 'levenberg-marquardt', finalIterations: 0 } })
    const both = await distill({ ...common, learnSigmas: true })
    expect(both.validationLoss).toBeLessThan(alone.validationLoss!)
    const { x } = await solve({
      model: mixture,
      solver: { ...student, base, predictor: both.learned },
      x: validation.states[0],
      sigmas: both.sigmas
    })
    const loss = x.reduce((sum, value, i) => sum + (value - validation.states[3][i]) ** 2, 0) / x.length
    expect(loss).toBe(both.validationLoss)
    await expect(
      solve({
        model: mixture,
        solver: { ...student, base, predictor: both.learned },
        x: validation.states[0],
        sigmas
      })
    ).rejects.toThrow('the predictor has time points of its own; give its sigmas')
  })

  it('continues from any iteration to the bits of a run that never stopped', async () => {
    const options = {
      model: mixture,
      student: { name: 'ipndm' } as const,
      learnSigmas: true,
      sigmas,
      teacher: training,
      validation
    }
    const states: string[] = []
    const whole = await distill({ ...options, onIteration: (_, state) => void states.push(JSON.stringify(state)) })
    expect(states.length).toBeGreaterThan(2)
    for (const text of states) {
      const rest = await distill({ ...options, resume: JSON.parse(text) as DistillState })
      expect({ ...rest, history: [] }).toEqual({ ...whole, history: [] })
    }
  })

  it.each([
    [{}, /euler has nothing to learn but its time points: learnSigmas/],
    [{ learnSigmas: true, optimizer: { name: 'adam' } }, /by levenberg-marquardt or search alone/],
    [{ learnSigmas: true, objective: 'every' }, /interior states have no place/],
    [{ learnSigmas: true, sigmas: Float64Array.of(80, 0.002) }, /2 time points have none between them/]
  ] as const)('refuses %o', async (options, message) => {
    const common = { model: mixture, student: { name: 'euler' } as const, sigmas, teacher: training }
    await expect(distill({ ...common, ...options })).rejects.toThrow(message)
  })
})
