import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SolverDescriptor } from '../../src/solvers/descriptor.js'
import { bound, type NamedSolver } from '../../src/solvers/options.js'
import { solve } from '../../src/solvers/solve.js'
import { checkTable, inconsistency, tableRows, type Table } from '../../src/solvers/table.js'
import { tableOf } from '../../src/solvers/table-of.js'
import { relativeError } from '../support/fixture.js'
import { mixture } from '../support/mixture.js'
import { orders, titleOf } from '../support/orders.js'

const SIZE = 12
const at = (solver: (typeof orders)[number]['solver'], steps: number) =>
  typeof solver === 'function' ? solver(steps) : solver
const isLinear = (title: string) => !/^(amed|paradigms|pas)/.test(title)
const linear = orders.map(one => [titleOf(one), one.solver] as const).filter(([title]) => isLinear(title))

/** Falling noise levels of 1 to 6 steps, some of which end at 0. */
const schedules = fc
  .tuple(
    fc.double({ min: 1, max: 80, noNaN: true }),
    fc.array(fc.double({ min: 1.2, max: 6, noNaN: true }), { minLength: 1, maxLength: 6 }),
    fc.boolean()
  )
  .map(([first, ratios, zero]) => {
    const sigmas = ratios.reduce<number[]>((all, ratio) => [...all, all[all.length - 1] / ratio], [first])
    return Float64Array.from(zero && sigmas.length > 2 ? [...sigmas, 0] : sigmas)
  })
const latents = fc
  .array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 2 * SIZE, maxLength: 2 * SIZE })
  .map(values => Float64Array.from(values))

/** What a solver and its own table come to on the mixture. */
async function both(solver: NamedSolver, sigmas: Float64Array, z: Float64Array) {
  const table = tableOf(solver, sigmas)
  const x = z.map(value => value * sigmas[0])
  const layers = table.layers.map(layer => layer.length)
  return {
    table,
    solved: await solve({ model: mixture, solver, x, sigmas }),
    walked: await solve({
      model: mixture,
      solver: { name: 'table', layers, table },
      x,
      sigmas: Float64Array.of(...table.sigmas)
    })
  }
}

describe('a table', () => {
  it.each(linear)('of %s does what the solver does, at the same cost', async (_, solver) => {
    await fc.assert(
      fc.asyncProperty(schedules, latents, fc.boolean(), async (sigmas, z, afs) => {
        const steps = sigmas.length - (sigmas.at(-1) === 0 ? 2 : 1)
        const { solved, walked } = await both({ ...at(solver, steps), afs } as NamedSolver, sigmas, z)
        expect(relativeError(walked.x, solved.x)).toBeLessThan(1e-10)
        expect([walked.nfe, walked.evaluations]).toEqual([solved.nfe, solved.evaluations])
      }),
      { numRuns: 20 }
    )
  })

  it.each(linear)('of %s without afs keeps an image that every answer is', (_, solver) => {
    fc.assert(
      fc.property(schedules, sigmas => {
        const steps = sigmas.length - (sigmas.at(-1) === 0 ? 2 : 1)
        expect(inconsistency(tableOf(at(solver, steps), sigmas))).toBeLessThan(1e-9)
      }),
      { numRuns: 20 }
    )
  })

  it('of a solver that begins with noise of unit variance begins with it too', async () => {
    const sigmas = Float64Array.of(10, 3, 1)
    const start = Math.sqrt(101)
    const table = tableOf({ name: 'euler' }, sigmas, start)
    expect(table.start).toBe(start)
    const x = Float64Array.from({ length: SIZE }, (_, i) => start * Math.cos(i))
    const solved = await solve({ model: mixture, solver: { name: 'euler' }, x, sigmas })
    const layers = table.layers.map(layer => layer.length)
    const ends = Float64Array.of(...table.sigmas)
    const walked = await solve({ model: mixture, solver: { name: 'table', layers, table }, x, sigmas: ends })
    expect(relativeError(walked.x, solved.x)).toBeLessThan(1e-12)
  })

  it('has a trajectory of where its layers stand, and its result', async () => {
    const z = Float64Array.from({ length: SIZE }, (_, i) => Math.cos(i))
    const { solved, walked } = await both({ name: 'dpmpp', thresholding: false }, Float64Array.of(40, 7, 1, 0.1), z)
    expect(walked.trajectory).toHaveLength(4)
    walked.trajectory.forEach((state, i) => {
      expect(relativeError(state, solved.trajectory[i])).toBeLessThan(1e-10)
    })
  })

  it('goes on to a noise level of 0 by one denoised step', async () => {
    const sigmas = Float64Array.of(40, 7, 1)
    const table = tableOf({ name: 'euler' }, sigmas)
    const solver = { name: 'table', layers: [1, 1], table } as const
    const x = Float64Array.from({ length: SIZE }, (_, i) => 40 * Math.cos(i))
    const walked = await solve({ model: mixture, solver, x, sigmas: Float64Array.of(40, 1, 0) })
    const solved = await solve({ model: mixture, solver: { name: 'euler' }, x, sigmas: Float64Array.of(40, 7, 1, 0) })
    expect(relativeError(walked.x, solved.x)).toBeLessThan(1e-10)
    expect(walked.nfe).toBe(3)
  })

  it.each([
    [
      { name: 'dpmpp' },
      'dpmpp is no table: dynamic thresholding clips what the model answers; set thresholding: false'
    ],
    [{ name: 'unipc' }, 'unipc is no table: dynamic thresholding'],
    [{ name: 'euler', clipSample: 1 }, 'euler is no table: clipSample clamps denoised images; leave it out'],
    [{ name: 'paradigms', window: 2 }, 'paradigms is no table: how often it evaluates the model depends on the answers']
  ] satisfies [NamedSolver, string][])('is refused of %j', (solver, message) => {
    expect(() => tableOf(solver, Float64Array.of(10, 3, 1))).toThrow(message)
  })

  it.each(['dpmpp', 'unipc'] as const)('of EPD on %s needs its thresholding off', base => {
    const raw = [[0], [0]]
    const predictor = { r: raw, weight: raw, scaleDir: raw, scaleTime: raw, ranges: { scaleDir: 0, scaleTime: 0 } }
    const sigmas = Float64Array.of(10, 3, 1)
    expect(() => tableOf({ name: 'epd', base, predictor }, sigmas)).toThrow('set thresholding: false')
    expect(tableRows(tableOf({ name: 'epd', base, predictor, thresholding: false }, sigmas))).toHaveLength(4)
  })

  it('is refused of a solver that says it is linear and is not', () => {
    const { descriptor } = bound({ name: 'euler' })
    const squared: SolverDescriptor = {
      ...descriptor,
      name: 'squared',
      method: undefined,
      start: function* ({ x }) {
        yield { reached: x }
        const [{ denoised }] = yield [{ x, sigma: 1 }]
        const last = denoised.map(value => value * value)
        yield { reached: last }
        return last
      }
    }
    expect(() => tableOf({ descriptor: squared }, Float64Array.of(2, 1))).toThrow(
      'squared is no table: what it asks for'
    )
  })

  const sound: Table = {
    sigmas: [10, 1],
    start: 10,
    layers: [[{ sigma: 10, noise: 10, denoised: [] }], [{ sigma: 3, noise: 3, denoised: [0.7] }]],
    result: { noise: 1, denoised: [0.4, 0.5] }
  }
  it.each<[string, Table, string]>([
    ['ends that rise', { ...sound, sigmas: [1, 10] }, 'sigmas must be the noise levels of its two ends'],
    ['a start of 0', { ...sound, start: 0 }, 'start must be a number above 0'],
    ['no layers', { ...sound, layers: [] }, 'layers must hold one or more rows each'],
    ['an empty layer', { ...sound, layers: [[], ...sound.layers] }, 'layers must hold one or more rows each'],
    [
      'an answer of its own layer',
      { ...sound, layers: [[{ sigma: 10, noise: 10, denoised: [1] }]] },
      'row 1 of layer 1 has factors for 1 answers, of which 0 come before it'
    ],
    ['a noise level of 0', { ...sound, layers: [[{ sigma: 0, noise: 1, denoised: [] }]] }, 'sigma of row 1 of layer 1'],
    [
      'a number that is none',
      { ...sound, result: { noise: NaN, denoised: [] } },
      'the result holds a number that is not finite'
    ],
    [
      'a result of answers that are not there',
      { ...sound, result: { noise: 0, denoised: [1, 1, 1] } },
      'the result has factors for 3 answers'
    ]
  ])('is refused with %s', (_, table, message) => {
    expect(() => checkTable(table)).toThrow(`table: ${message}`)
    expect(checkTable(sound)).toBe(sound)
  })

  it('is refused on other ends than its own', async () => {
    const x = new Float64Array(SIZE)
    const solver = { name: 'table', layers: [1, 1], table: sound } as const
    await expect(solve({ model: mixture, solver, x, sigmas: Float64Array.of(10, 5, 1) })).rejects.toThrow(
      'solve: the table leads from 10 to 1; give these as its time points'
    )
  })
})
