import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parametrised } from '../../src/models/parametrised.js'
import { parametrisation } from '../../src/models/parametrisation.js'
import { flowSigma, flowTime } from '../../src/solvers/coordinates.js'
import { noise } from '../../src/solvers/noise.js'
import type { NamedSolver } from '../../src/solvers/options.js'
import { schedule } from '../../src/solvers/schedule.js'
import { solve } from '../../src/solvers/solve.js'
import { inconsistency } from '../../src/solvers/table.js'
import { tableOf } from '../../src/solvers/table-of.js'
import { teacherGrid } from '../../src/solvers/teacher.js'
import { fixture, relativeError } from '../support/fixture.js'
import { mixture } from '../support/mixture.js'

interface Row {
  file: string
  raw: { r_params: number[][]; scale_dir_params: number[][]; scale_time_params: number[][]; weight_s: number[][] }
}
interface Runs {
  latents: unknown[]
  cases: { file: string; times: number[]; final: unknown[]; trajectory: unknown[][] }[]
}
const predictors = fixture<Row[]>('epdpp-predictors.json.gz')
const { latents, cases } = fixture<Runs>('epdpp-flow-runs.json.gz')
const flat = (nested: unknown) => Float64Array.from([nested].flat(Infinity) as number[])
const z = flat(latents)
const SIZE = 12

function epdOf(file: string): NamedSolver {
  const { raw } = predictors.find(each => each.file === file)!
  const tables = {
    r: raw.r_params,
    weight: raw.weight_s,
    scaleDir: raw.scale_dir_params,
    scaleTime: raw.scale_time_params
  }
  const predictor = { ...tables, ranges: { scaleDir: 0, scaleTime: 0 } }
  return { name: 'epd', points: 2, coordinates: 'flow', predictor }
}

describe.each(cases)('EPD-Solver++ of $file on the mixture, seen as a flow', ({ file, times, final, trajectory }) => {
  const sigmas = schedule({ type: 'explicit', times })
  /** An image u = (1 - t) x0 + t n as x0 + sigma n; at t = 1 it is itself. */
  const inSigma = (u: Float64Array, t: number) => u.map(value => (t === 1 ? value : value / (1 - t)))

  it("does what its authors' code does, with the whole trajectory", async () => {
    const found = await solve({ model: mixture, solver: epdOf(file), x: z, sigmas })
    const last = times[times.length - 1]
    expect(relativeError(found.x, inSigma(flat(final), last))).toBeLessThan(1e-12)
    trajectory.forEach((state, i) => {
      expect(relativeError(found.trajectory[i], inSigma(flat(state), times[i]))).toBeLessThan(1e-12)
    })
    expect(found).toMatchObject({ nfe: 2 * (times.length - 1), evaluations: 3 * (times.length - 1) })
  })

  it('is a table that does the same', async () => {
    const table = tableOf(epdOf(file), sigmas)
    expect(table).toMatchObject({ start: 1, sigmas: [Infinity, sigmas[sigmas.length - 1]] })
    const layers = table.layers.map(layer => layer.length)
    const ends = Float64Array.of(...table.sigmas)
    const found = await solve({ model: mixture, solver: { name: 'table', layers, table }, x: z, sigmas: ends })
    expect(relativeError(found.x, inSigma(flat(final), times[times.length - 1]))).toBeLessThan(1e-10)
  })
})

/** Falling times of 1 to 6 steps, some from 1, some to 0. */
const someTimes = fc
  .tuple(
    fc.boolean(),
    fc.array(fc.double({ min: 0.2, max: 0.95, noNaN: true }), { minLength: 1, maxLength: 6 }),
    fc.boolean()
  )
  .map(([pure, ratios, zero]) => {
    const times = ratios.reduce<number[]>((all, ratio) => [...all, all[all.length - 1] * ratio], [pure ? 1 : 0.97])
    return zero && times.length > 2 ? [...times, 0] : times
  })
const someLatents = fc
  .array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: SIZE, maxLength: SIZE })
  .map(values => Float64Array.from(values))
const inFlow: NamedSolver[] = [
  { name: 'euler', coordinates: 'flow' },
  { name: 'heun', coordinates: 'flow' },
  { name: 'dpm2', coordinates: 'flow', r: 0.4 },
  { name: 'ipndm', coordinates: 'flow' },
  { name: 'ipndm', coordinates: 'flow', maxOrder: 3, variableStep: true }
]
const startOf = (sigma: number, latents: Float64Array) =>
  latents.map(value => (sigma === Infinity ? value : sigma * value))

describe('coordinates: flow', () => {
  it.each(inFlow)('of %o is a table with the same answer, which keeps an image', async solver => {
    await fc.assert(
      fc.asyncProperty(someTimes, someLatents, async (times, latents) => {
        const sigmas = schedule({ type: 'explicit', times })
        const table = tableOf(solver, sigmas)
        const x = startOf(sigmas[0], latents)
        const layers = table.layers.map(layer => layer.length)
        const solved = await solve({ model: mixture, solver, x, sigmas })
        const ends = Float64Array.of(...table.sigmas)
        const walked = await solve({ model: mixture, solver: { name: 'table', layers, table }, x, sigmas: ends })
        expect(relativeError(walked.x, solved.x)).toBeLessThan(1e-9)
        expect([walked.nfe, walked.evaluations]).toEqual([solved.nfe, solved.evaluations])
        expect(inconsistency(table)).toBeLessThan(1e-9)
      }),
      { numRuns: 20 }
    )
  })

  it("makes no difference to Euler's method below t = 1", async () => {
    await fc.assert(
      fc.asyncProperty(someTimes, someLatents, async (times, latents) => {
        const sigmas = schedule({ type: 'explicit', times: times.map(time => Math.min(time, 0.97)) })
        const x = startOf(sigmas[0], latents)
        const [one, other] = await Promise.all(
          (['flow', 'sigma'] as const).map(coordinates =>
            solve({ model: mixture, solver: { name: 'euler', coordinates }, x, sigmas })
          )
        )
        expect(relativeError(one.x, other.x)).toBeLessThan(1e-11)
      }),
      { numRuns: 20 }
    )
  })

  it.each([
    ['heun', 2],
    ['dpm2', 2],
    ['ipndm', 4]
  ] as const)('of %s has its order, from noise alone on', async (name, order) => {
    const x = z.subarray(0, SIZE)
    const smooth = parametrised({
      ...{ shape: [3, 2, 2], predicts: 'flow', noise: { type: 'flow', last: 1 } },
      predict: (u, told) => Promise.resolve(u.map((value, i) => Math.sin(value + told[Math.floor(i / SIZE)]) + value))
    })
    const error = async (steps: number) => {
      const at = (n: number, method: NamedSolver) =>
        solve({ model: smooth, solver: method, x, sigmas: schedule({ type: 'flowmatch', numSteps: n + 1, last: 0.5 }) })
      const fine = await at(512, { name: 'heun', coordinates: 'flow' })
      const solver: NamedSolver =
        name === 'ipndm' ? { name, coordinates: 'flow', variableStep: true } : { name, coordinates: 'flow' }
      return relativeError((await at(steps, solver)).x, fine.x)
    }
    const [coarse, fine] = [await error(16), await error(32)]
    // A multistep method begins with steps of lower order.
    expect(Math.log2(coarse / fine)).toBeGreaterThan(order === 4 ? 1.8 : order - 0.3)
  })

  it.each([
    [{ name: 'heun', coordinates: 'flow', afs: true }, /heun: afs with coordinates flow: the analytical gradient/],
    [{ name: 'euler', coordinates: 'flow', clipSample: 1 }, /euler: clipSample with coordinates flow/],
    [{ ...epdOf(cases[0].file), base: 'unipc' }, /epd: base with coordinates flow: unipc is defined by the ratio/],
    [{ name: 'dpmpp', coordinates: 'flow' }, /dpmpp: coordinates with coordinates flow: they make no difference/]
  ] as [NamedSolver, RegExp][])('refuses %o', async (solver, message) => {
    const sigmas = schedule({ type: 'explicit', times: cases[0].times })
    await expect(solve({ model: mixture, solver, x: z, sigmas })).rejects.toThrow(message)
  })

  it('refuses a scaled time beyond 1', async () => {
    const solver = epdOf(cases[0].file)
    if (solver.name !== 'epd') throw new Error('no EPD')
    const wide = solver.predictor.r.map(row => row.map(() => 9))
    const predictor = { ...solver.predictor, scaleTime: wide, ranges: { scaleDir: 0, scaleTime: 0.5 } }
    const sigmas = schedule({ type: 'explicit', times: cases[0].times })
    const run = solve({ model: mixture, solver: { ...solver, predictor }, x: z, sigmas })
    await expect(run).rejects.toThrow(/the model would be told t = 1\.\d+, beyond 1; lower scaleTime/)
  })

  it('alone begins at infinite noise, and only on a model that is told of it', async () => {
    const sigmas = schedule({ type: 'explicit', times: [1, 0.5, 0.1] })
    const solver = { name: 'heun', coordinates: 'flow' } as const
    await expect(solve({ model: mixture, solver: { name: 'heun' }, x: z, sigmas })).rejects.toThrow(
      /heun begins at infinite noise in the coordinates of a flow alone/
    )
    const bounded = { ...mixture, pureNoise: false }
    await expect(solve({ model: bounded, solver, x: z, sigmas })).rejects.toThrow(
      /which the model is not told of: its last noise level is 80/
    )
  })
})

describe('schedule flowmatch', () => {
  const times = (options: Parameters<typeof schedule>[0]) => [...schedule(options)].map(flowTime)
  const shifted = (shift: number, t: number) => (shift * t) / (1 + (shift - 1) * t)

  it.each([
    ['sd3', { shift: 3, shifted: 'twice' as const }, 'exps/sd3-1024/sd3-1024-distilled.pkl'],
    ['FLUX', { mu: 1.15 }, 'exps/flux/flux-start.pkl']
  ])("has the times of the authors' runs of %s, to the digits that they are given with", (_, options, file) => {
    const expected = cases.find(each => each.file === file)!.times
    const numSteps = file.includes('flux') ? 9 : 11
    const found = times({ type: 'flowmatch', ...options, numSteps })
    if (file.includes('flux')) expect(found).toHaveLength(expected.length)
    expected.forEach((time, i) => {
      expect(Math.abs(found[i] - time)).toBeLessThan(6e-6)
    })
  })

  it('shifts evenly spaced times once, or the ends of the range and then all between them', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.2, max: 8, noNaN: true }), fc.integer({ min: 2, max: 12 }), (shift, numSteps) => {
        const even = (last: number, i: number) => 1 + (i / (numSteps - 1)) * (last - 1)
        const once = times({ type: 'flowmatch', shift, numSteps })
        const twice = times({ type: 'flowmatch', shift, shifted: 'twice', numSteps })
        for (let i = 0; i < numSteps; i++) {
          expect(once[i]).toBeCloseTo(shifted(shift, even(0.001, i)), 12)
          expect(twice[i]).toBeCloseTo(shifted(shift, even(shifted(shift, 0.001), i)), 12)
        }
        expect(once[0]).toBe(1)
        const mu = times({ type: 'flowmatch', mu: Math.log(shift), numSteps })
        mu.forEach((time, i) => {
          expect(time).toBeCloseTo(once[i], 12)
        })
      })
    )
  })

  it('goes on to 0 where that is asked for, and ends where it is told to', () => {
    expect(times({ type: 'flowmatch', last: 0.25, finalSigma: 'zero', numSteps: 5 })).toEqual(
      [1, 0.75, 0.5, 0.25, 0].map(time => expect.closeTo(time, 12) as number)
    )
  })

  it('is refined by a teacher, whose steps from noise alone are even in time', () => {
    const { sigmas, every } = teacherGrid({ type: 'flowmatch', shift: 3, numSteps: 3 }, { refine: 1, substeps: 2 })
    const student = schedule({ type: 'flowmatch', shift: 3, numSteps: 3 })
    expect(every).toBe(4)
    expect([0, 4, 8].map(i => flowTime(sigmas[i]))).toEqual(
      [...student].map(sigma => expect.closeTo(flowTime(sigma), 12) as number)
    )
    expect(flowTime(sigmas[1])).toBeCloseTo((1 + flowTime(sigmas[2])) / 2, 12)
  })

  it('leaves latents as they are at infinite noise', () => {
    const shape = { shape: [3, 2, 2], labelDim: 0 } as const
    expect(noise([1, 2], shape, Infinity).x).toEqual(noise([1, 2], shape, 1).x)
  })
})

describe('a flow that knows t = 1', () => {
  const told = (predicts: 'flow' | 'v' | 'x0' | 'epsilon', last = 1) =>
    parametrisation(predicts, { type: 'flow', times: 1000, last })

  it.each([
    ['flow', 1, -1],
    ['v', 0, -1],
    ['x0', 0, 1]
  ] as const)('answers the clean image of noise alone from %s', (predicts, skip, out) => {
    const model = told(predicts)
    expect(model.pureNoise).toBe(true)
    expect(model.at(Infinity)).toEqual({ skip, out, in: 1, noise: 1000 })
    // The limit of what it does below 1, on images u = x / (1 + sigma).
    const near = model.at(1e9)
    expect([near.skip * 1e9, near.out, near.noise]).toEqual(
      [skip, out, 1000].map(value => expect.closeTo(value, 5) as number)
    )
  })

  it('ends at t = 0.999 for schedules in sigma', () => {
    expect(flowTime(told('flow').sigmaMax)).toBeCloseTo(0.999, 12)
    expect(flowSigma(1)).toBe(Infinity)
  })

  it('is none that answers the noise that it is shown, nor one that ends before', () => {
    expect(told('epsilon').pureNoise).toBeUndefined()
    expect(() => told('epsilon').at(Infinity)).toThrow(/predicts epsilon says nothing of the image at infinite noise/)
    expect(told('flow', 0.99).pureNoise).toBeUndefined()
  })
})
