import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { latents } from '../../src/random/latents.js'
import { parallelNfe } from '../../src/solvers/nfe.js'
import { bound, type SolverOptions } from '../../src/solvers/options.js'
import { pasSteps, type PasStep } from '../../src/solvers/pas.js'
import { drive } from '../../src/solvers/driver.js'
import { dot } from '../../src/solvers/march.js'
import { norm } from '../../src/solvers/principal.js'
import { schedule } from '../../src/solvers/schedule.js'
import { solve } from '../../src/solvers/solve.js'
import { tableOf } from '../../src/solvers/table-of.js'
import { relativeError } from '../support/fixture.js'
import { mixture, shape } from '../support/mixture.js'

const sigmas = schedule({ type: 'time_uniform', rho: 1, numSteps: 6, sigmaMin: 0.002, sigmaMax: 80 })
const toZero = Float64Array.of(...sigmas, 0)
const seeds = [0, 1, 2, 3, 4]
const x = latents({ seeds, shape }).map(value => 80 * value)
const size = x.length / seeds.length
const rows = (row: readonly number[], steps = 5) => Array.from({ length: steps }, () => row)
const solved = (solver: SolverOptions, points = sigmas, start = x) =>
  solve({ model: mixture, solver, x: start, sigmas: points })
const corrected = rows([0.97, 0.05, -0.02, 0.01])

/** What a sample's steps are offered, with nothing corrected, or as coordinates say. */
async function stepsOf(coordinates = rows([1, 0, 0, 0]), afs = false): Promise<PasStep[]> {
  const found: PasStep[] = []
  const run = pasSteps({ x: x.subarray(0, size), samples: 1, sigmas }, { components: 4, afs }, step => {
    found.push({ ...step, basis: () => basis })
    const basis = step.basis()
    return coordinates[step.index]
  })
  await drive([{ run }], { model: mixture })
  return found
}

describe('pas', () => {
  it.each([
    { base: 'euler' },
    { base: 'ipndm', maxOrder: 4 },
    { base: 'ipndm', maxOrder: 2, afs: true },
    { base: 'deis', maxOrder: 3 },
    { base: 'dpmpp', maxOrder: 3 }
  ] as const)('that corrects nothing is its base to the bit: %o', async ({ base, ...options }) => {
    for (const [points, components] of [
      [sigmas, 4],
      [toZero, 1]
    ] as const) {
      const coordinates = rows([1, 0, 0, 0].slice(0, components))
      const found = await solved({ name: 'pas', base, components, ...options, predictor: { coordinates } }, points)
      const plain = await solved({ name: base, ...options }, points)
      expect(found.x).toEqual(plain.x)
      expect(found.nfe).toBe(plain.nfe)
      expect(found.evaluations).toBe(plain.evaluations)
    }
  })

  it('whose first coordinate alone is not 1 takes steps of another length', async () => {
    const found = await solved({ name: 'pas', components: 1, predictor: { coordinates: rows([0.9]) } }, sigmas)
    const { trajectory } = await solved({ name: 'euler' }, sigmas)
    const first = trajectory[1].map((value, i) => x[i] + 0.9 * (value - x[i]))
    expect(relativeError(found.trajectory[1], first)).toBeLessThan(1e-12)
  })

  it('takes one evaluation a step, one less with afs', async () => {
    for (const afs of [false, true]) {
      const solver = { name: 'pas', afs, predictor: { coordinates: corrected } } as const
      const { nfe } = await solved(solver)
      expect(nfe).toBe(afs ? 4 : 5)
      expect(nfe).toBe(parallelNfe(bound(solver), 6))
    }
  })

  it('gives a sample the same bits in any batch', async () => {
    const solver = { name: 'pas', base: 'ipndm', predictor: { coordinates: corrected } } as const
    const whole = await solved(solver)
    for (const k of seeds.keys()) {
      const alone = await solved(solver, sigmas, x.slice(k * size, (k + 1) * size))
      expect(alone.x).toEqual(whole.x.slice(k * size, (k + 1) * size))
    }
    expect((await solve({ model: mixture, solver, x, sigmas, batchSize: 2 })).x).toEqual(whole.x)
  })

  it('corrects along unit vectors that are orthogonal, the direction itself the first', async () => {
    for (const { index, direction, basis } of await stepsOf(corrected)) {
      const vectors = basis()
      expect(vectors).toHaveLength(4)
      expect(dot(vectors[0], direction)).toBeCloseTo(norm(direction), 8)
      // The noise and one direction span a plane.
      const there = Math.min(4, index + 2)
      vectors.forEach((a, i) => {
        expect(norm(a)).toBeCloseTo(i < there ? 1 : 0, 10)
        for (const b of vectors.slice(0, i)) expect(dot(a, b)).toBeCloseTo(0, 8)
      })
    }
  })

  it('corrects within the noise and the directions so far', async () => {
    const steps = await stepsOf(corrected)
    const noise = x.subarray(0, size)
    const spanned = (vectors: readonly Float64Array[], vector: Float64Array) => {
      const rest = Float64Array.from(vector)
      for (const each of vectors) {
        const share = dot(rest, each)
        rest.forEach((value, i) => (rest[i] = value - share * each[i]))
      }
      return norm(rest) / norm(vector)
    }
    expect(spanned(steps[0].basis(), noise)).toBeLessThan(1e-7)
    expect(spanned(steps[1].basis(), noise)).toBeLessThan(1e-7)
  })

  it('turns directions with the way that a sample has gone, at its start with the way to 0', async () => {
    const noise = x.subarray(0, size)
    const plain = (await solved({ name: 'euler' }, sigmas, noise)).trajectory
    for (const { index, basis } of await stepsOf()) {
      const gone = index === 0 ? noise.map(value => -value) : plain[index].map((value, i) => value - noise[i])
      for (const vector of basis().slice(1)) expect(dot(vector, gone)).toBeGreaterThanOrEqual(-1e-9)
    }
  })

  it('finds nothing to correct beside the direction in a first step that afs takes along the noise', async () => {
    const [first] = await stepsOf(undefined, true)
    expect(first.basis().map(vector => Math.round(norm(vector)))).toEqual([1, 0, 0, 0])
  })

  it('ends at the denoised data of where it is where a noise level of 0 follows', async () => {
    const solver = { name: 'pas', predictor: { coordinates: corrected } } as const
    const before = await solved(solver)
    const { x: end } = await solved(solver, toZero)
    const denoised = await mixture.denoise(before.x, new Float64Array(seeds.length).fill(sigmas[5]))
    expect(relativeError(end, denoised)).toBeLessThan(1e-12)
  })

  it('is no table, whatever its coordinates', () => {
    for (const row of [
      [1, 0, 0, 0],
      [0.9, 0.1, 0, 0]
    ])
      expect(() => tableOf({ name: 'pas', predictor: { coordinates: rows(row) } }, sigmas)).toThrow(
        "pas is no table: it corrects along directions of each sample's own trajectory"
      )
  })

  it('refuses coordinates of other steps, or of another number of components', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 4 }), async (steps, components) => {
        fc.pre(steps !== 5 || components !== 4)
        const coordinates = rows([1, 0, 0, 0].slice(0, components), steps)
        await expect(solved({ name: 'pas', predictor: { coordinates } })).rejects.toThrow(
          `solve: pas needs 5 rows of 4 coordinates on these time points, found ${steps} of ${components}`
        )
      }),
      { numRuns: 20 }
    )
  })
})
