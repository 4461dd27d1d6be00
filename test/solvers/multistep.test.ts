import { describe, expect, it } from 'vitest'
import { gaussianMixture } from '../../src/models/mixture.js'
import { latents } from '../../src/random/latents.js'
import { lagrangeIntegrals } from '../../src/solvers/quadrature.js'
import { schedule } from '../../src/solvers/schedule.js'
import { solve } from '../../src/solvers/solve.js'
import type { SolverOptions } from '../../src/solvers/options.js'
import { mixture, shape } from '../support/mixture.js'
import { timePoints } from '../support/order.js'
import { relativeError } from '../support/fixture.js'

const grid = { type: 'time_uniform', rho: 1, numSteps: 9, sigmaMin: 0.002, sigmaMax: 80 } as const
const uneven = schedule(grid)
const noise = (sigma: number, count = 5) =>
  latents({ seeds: Array.from({ length: count }, (_, i) => i), shape }).map(value => sigma * value)
const run = (solver: SolverOptions, sigmas = uneven, count?: number) =>
  solve({ model: mixture, solver, x: noise(sigmas[0], count), sigmas })

describe('adams-bashforth', () => {
  it('of variable steps has the fixed coefficients where steps are equal', async () => {
    const equal = timePoints('equal', 12)
    for (const maxOrder of [1, 2, 3, 4]) {
      const fixed = await run({ name: 'ipndm', maxOrder }, equal)
      const variable = await run({ name: 'ipndm', maxOrder, variableStep: true }, equal)
      expect(relativeError(variable.x, fixed.x)).toBeLessThan(1e-12)
    }
  })

  it('of variable steps is rho-AB of deis', async () => {
    for (const maxOrder of [1, 2, 3, 4])
      expect((await run({ name: 'deis', maxOrder, mode: 'rhoab' })).x).toEqual(
        (await run({ name: 'ipndm', maxOrder, variableStep: true })).x
      )
  })

  it('of order 2 weighs by the ratio of the steps', () => {
    const [newer, older] = lagrangeIntegrals([3, 5], 3, 2)
    expect([newer, older].map(weight => -weight)).toEqual([expect.closeTo(1 + 1 / 4, 14), expect.closeTo(-1 / 4, 14)])
  })
})

it.each([
  { name: 'dpmpp', maxOrder: 1, thresholding: false },
  { name: 'dpmpp', maxOrder: 1, predicts: 'noise' },
  { name: 'deis', maxOrder: 1 },
  { name: 'ipndm', maxOrder: 1 }
] satisfies SolverOptions[])('%o is euler', async solver => {
  expect(relativeError((await run(solver)).x, (await run({ name: 'euler' })).x)).toBeLessThan(1e-11)
})

const euler = await run({ name: 'euler' })

describe('paradigms', () => {
  it.each([1, 3, 8, 100])('without tolerance ends where euler does, to the bit: window %i', async window => {
    const { x, trajectory } = await run({ name: 'paradigms', window, tolerance: 0 })
    expect(x).toEqual(euler.x)
    expect(trajectory).toEqual(euler.trajectory)
  })

  it('is done within its tolerance in fewer parallel evaluations than steps', async () => {
    const sigmas = schedule({ ...grid, numSteps: 65 })
    const [exact, found] = [
      await run({ name: 'euler' }, sigmas),
      await run({ name: 'paradigms', window: 64, tolerance: 1e-3 }, sigmas)
    ]
    expect(found.nfe).toBeLessThan(40)
    expect(relativeError(found.x, exact.x)).toBeLessThan(0.02)
  })

  it('begins where noise would be: data of unit variance are left as they are for by the first sweep', async () => {
    const unit = gaussianMixture({ weights: [1], means: [[0, 0]], stds: [[1, 1]], shape: [2, 1, 1] })
    const x = Float64Array.of(80, -40)
    const fine = schedule({ ...grid, numSteps: 65 })
    const solver = { name: 'paradigms', window: 64, tolerance: 0, nfe: 1 } as const
    const swept = await solve({ model: unit, solver, x, sigmas: fine })
    const stepped = await solve({ model: unit, solver: { name: 'euler' }, x, sigmas: fine })
    expect(relativeError(swept.x, stepped.x)).toBeLessThan(0.05)
  })

  it('takes no more evaluations than it is given', async () => {
    const { nfe, evaluations } = await run({ name: 'paradigms', window: 8, tolerance: 0, nfe: 3 })
    expect(nfe).toBe(3)
    expect(evaluations).toBeLessThanOrEqual(24)
  })

  it('gives a sample the same bits whatever its batch', async () => {
    const solver = { name: 'paradigms', window: 5, tolerance: 0.05 } as const
    const [one, five] = [await run(solver, uneven, 1), await run(solver, uneven, 5)]
    expect(five.x.subarray(0, one.x.length)).toEqual(one.x)
  })
})
