import { describe, expect, it } from 'vitest'
import { amedStart } from '../../src/distill/amed.js'
import { parallelNfe } from '../../src/solvers/nfe.js'
import { bound, type NamedSolver } from '../../src/solvers/options.js'
import { solve } from '../../src/solvers/solve.js'
import { FEATURES, featured } from '../support/featured.js'
import { relativeError } from '../support/fixture.js'

const sigmas = Float64Array.of(80, 20, 5, 1, 0.2)
const x = Float64Array.from({ length: 24 }, (_, i) => 80 * Math.sin(1 + i * i))
const table = (points: number) => Array.from({ length: sigmas.length - 1 }, () => new Array<number>(points).fill(0.3))
const epd = {
  r: table(2),
  weight: table(2),
  scaleDir: table(2),
  scaleTime: table(2),
  ranges: { scaleDir: 0.05, scaleTime: 0.05 }
}
const amed = { layers: amedStart(FEATURES, 0), ranges: { scaleDir: 0.01, scaleTime: 0 } }

const solvers: readonly NamedSolver[] = [
  { name: 'euler' },
  { name: 'heun' },
  { name: 'dpm2' },
  { name: 'deis', mode: 'tab' },
  { name: 'deis', mode: 'rhoab' },
  { name: 'deis', mode: 'logrho', maxOrder: 3 },
  { name: 'dpmpp', thresholding: false },
  { name: 'dpmpp', thresholding: false, lowerOrderFinal: false },
  { name: 'dpmpp', predicts: 'noise', lowerOrderFinal: false, maxOrder: 2, solverType: 'heun' },
  { name: 'epd', predictor: epd },
  { name: 'epd', predictor: epd, base: 'dpmpp' },
  { name: 'epd', predictor: epd, base: 'unipc' },
  { name: 'epd', predictor: epd, base: 'deis' },
  { name: 'amed', predictor: amed },
  { name: 'amed', predictor: amed, base: 'ipndm' },
  { name: 'amed', predictor: amed, base: 'dpmpp' }
]

describe('a step to a noise level of 0', () => {
  const ended = (solver: NamedSolver) => solve({ model: featured, solver, x, sigmas: Float64Array.of(...sigmas, 0) })

  it.each(solvers.flatMap(solver => [false, true].map(afs => ({ ...solver, afs }) as NamedSolver)))(
    'is the denoised data at the last noise level above it, for one evaluation: %o',
    async solver => {
      const { x: end, trajectory, nfe } = await ended(solver)
      const last = trajectory[sigmas.length - 1]
      const denoised = await featured.denoise(last, new Float64Array(2).fill(0.2))
      expect(relativeError(end, denoised)).toBeLessThan(1e-12)
      expect(parallelNfe(bound(solver), sigmas.length + 1, true)).toBe(nfe)
    }
  )

  it('leaves the states before it as they are without it, where the order of a step does not depend on those to come', async () => {
    for (const solver of solvers) {
      if (solver.name === 'dpmpp' || 'base' in solver) continue
      const { trajectory } = await ended(solver)
      const { x: before } = await solve({ model: featured, solver, x, sigmas })
      expect(relativeError(trajectory[sigmas.length - 1], before)).toBeLessThan(1e-12)
    }
  })

  it('is from the state that unipc predicts, since its evaluation there is the one that it has', async () => {
    const solver = { name: 'unipc', thresholding: false, maxOrder: 1 } as const
    const { x: end, nfe } = await ended(solver)
    const { x: predicted } = await solve({ model: featured, solver, x, sigmas: Float64Array.of(80, 20, 5, 1, 0.2) })
    expect(relativeError(end, await featured.denoise(predicted, new Float64Array(2).fill(0.2)))).toBeLessThan(1e-12)
    expect(nfe).toBe(5)
  })

  it.each([
    { name: 'unipc', thresholding: false, lowerOrderFinal: false, variant: 'bh1', correctLast: true },
    { name: 'unipc', predicts: 'noise' },
    { name: 'ipndm' },
    { name: 'paradigms', window: 5, tolerance: 0 },
    ...[1, 2, 3].flatMap(maxOrder => [{ name: 'dpmpp', maxOrder } as const, { name: 'unipc', maxOrder } as const])
  ] satisfies NamedSolver[])('is finite from any number of time points: %o', async solver => {
    for (const first of [0, 2, 3, 4]) {
      const few = Float64Array.of(...sigmas.subarray(first), 0)
      const { x: end, nfe } = await solve({ model: featured, solver, x, sigmas: few })
      expect(end.every(Number.isFinite)).toBe(true)
      if (solver.name !== 'paradigms') expect(parallelNfe(bound(solver), few.length, true)).toBe(nfe)
    }
  })

  it('is reached by heun and dpm2 from the first time point too, for one evaluation or with afs for none', async () => {
    const alone = Float64Array.of(80, 0)
    for (const name of ['heun', 'dpm2', 'euler'] as const) {
      const { x: end, nfe } = await solve({ model: featured, solver: { name }, x, sigmas: alone })
      expect(nfe).toBe(1)
      expect(relativeError(end, await featured.denoise(x, new Float64Array(2).fill(80)))).toBeLessThan(1e-12)
      expect((await solve({ model: featured, solver: { name, afs: true }, x, sigmas: alone })).nfe).toBe(0)
    }
  })
})
