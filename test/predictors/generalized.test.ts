import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readPredictor } from '../../src/predictors/file.js'
import { generalizedTable } from '../../src/predictors/generalized-solver.js'
import { isTable } from '../../src/solvers/learned.js'
import { solve } from '../../src/solvers/solve.js'
import type { Table } from '../../src/solvers/table.js'
import { fixture, relativeError } from '../support/fixture.js'
import { mixture } from '../support/mixture.js'

interface Runs {
  latents: number[][]
  runs: { file: string; dataset: string; alpha: number; final: number[][] }[]
}
const { latents, runs } = fixture<Runs>('checkpoints/generalized-runs.json')
const path = (file: string) => new URL(`../fixtures/checkpoints/${file}`, import.meta.url).pathname
const z = Float64Array.from(latents.flat())

const walk = (table: Table) => {
  const layers = table.layers.map(layer => layer.length)
  const x = z.map(value => value * table.start)
  return solve({
    model: mixture,
    solver: { name: 'table', layers, table },
    x,
    sigmas: Float64Array.of(...table.sigmas)
  })
}

describe('checkpoints of GAS', () => {
  it.each(runs)(
    'are tables that do what its code does on the mixture: $file',
    async ({ file, dataset, alpha, final }) => {
      const { learned, solver, model } = await readPredictor(path(file), 'gs', { configuration: dataset })
      if (!isTable(learned)) throw new Error('no table')
      const found = await walk(learned)
      // Its images are alpha x0 + s n.
      expect(
        relativeError(
          found.x,
          final.flat().map(value => value / alpha)
        )
      ).toBeLessThan(1e-9)
      expect(solver).toMatchObject({ name: 'table', nfe: learned.layers.length })
      expect(model).toMatchObject({ dataset })
    }
  )

  it.each([
    [
      'generalized-one.pt',
      undefined,
      'say-configuration',
      /does not say its configuration: cifar10, ffhq, .* or coco$/
    ],
    ['generalized-one.pt', 'mnist', 'say-configuration', /or coco, and not mnist/],
    ['generalized-of-other-sizes.pt', 'coco', undefined, /must hold mu_logit \[steps - 1\], t_couple \[steps\]/]
  ])('are refused where they leave something open: %s of %s', async (file, configuration, wayOut, message) => {
    const read = readPredictor(path(file), 'gs', { configuration })
    await expect(read).rejects.toThrow(message)
    await expect(read).rejects.toMatchObject({ code: 'predictor-invalid', wayOut })
  })
})

describe('a Generalized Solver that has learned nothing but times', () => {
  const process = { last: 1e-3, sigma: (time: number) => Math.sqrt(Math.expm1(0.5 * 19.9 * time ** 2 + 0.1 * time)) }
  const logits = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 0, maxLength: 5 })

  it('is DPM-Solver++ of the same order on these times', async () => {
    await fc.assert(
      fc.asyncProperty(logits, fc.constantFrom(1, 2, 3), async (timeLogits, order) => {
        const steps = timeLogits.length + 1
        const none = Array.from({ length: order }, () => new Array<number>(steps).fill(0))
        const told = new Array<number>(steps).fill(0)
        const table = generalizedTable({ timeLogits, told, answers: none, images: none }, process)
        const levels = [...table.layers.map(([{ sigma }]) => sigma), table.sigmas[1]]
        const solver = { name: 'dpmpp', maxOrder: order, thresholding: false, lowerOrderFinal: false } as const
        const x = z.map(value => value * table.start)
        const expected = await solve({ model: mixture, solver, x, sigmas: Float64Array.from(levels) })
        expect(relativeError((await walk(table)).x, expected.x)).toBeLessThan(1e-8)
      }),
      { numRuns: 30 }
    )
  })
})
