import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Denoiser } from '../../src/models/denoiser.js'
import type { NamedSolver } from '../../src/solvers/options.js'
import { solve } from '../../src/solvers/solve.js'
import { featured } from '../support/featured.js'
import { relativeError } from '../support/fixture.js'
import { mixture } from '../support/mixture.js'
import { orders, titleOf } from '../support/orders.js'

const SIZE = 12
const at = (solver: (typeof orders)[number]['solver'], steps: number) =>
  typeof solver === 'function' ? solver(steps) : solver
const named = orders.map(one => [titleOf(one), one.solver] as const)
/** AMED's network is told the noise level itself, so that its places are others at another scale. */
const movable = named.filter(([title]) => !title.startsWith('amed'))
/** DEIS integrates over the time of a VP process, in which the noise levels of scaled data lie elsewhere. */
const isScalable = (title: string) => !/^(deis, maxOrder|pas on deis)/.test(title)

/** Falling noise levels of 2 to 5 steps, no two closer than a fifth. */
const schedules = fc
  .tuple(
    fc.double({ min: 1, max: 80, noNaN: true }),
    fc.array(fc.double({ min: 1.2, max: 6, noNaN: true }), { minLength: 2, maxLength: 5 })
  )
  .map(([first, ratios]) => ratios.reduce<number[]>((all, ratio) => [...all, all[all.length - 1] / ratio], [first]))
const starts = (sigma: number, count: number) =>
  fc.array(fc.double({ min: -1.5, max: 1.5, noNaN: true }), { minLength: count * SIZE, maxLength: count * SIZE }).map(values => Float64Array.from(values, value => value * sigma)) // prettier-ignore
const problems = schedules.chain(sigmas => fc.record({ sigmas: fc.constant(sigmas), x: starts(sigmas[0], 3) }))

async function solved(
  model: Denoiser,
  solver: NamedSolver,
  x: Float64Array,
  sigmas: readonly number[],
  batchSize?: number
) {
  return (await solve({ model, solver, x, sigmas: Float64Array.from(sigmas), batchSize })).x
}

/** A model of data that are `scale` times as large and lie `shift` beside those of another. */
function moved(model: Denoiser, scale: number, shift: number): Denoiser {
  return {
    ...model,
    async denoise(x, sigma, options) {
      const inner = x.map(value => (value - shift) / scale)
      const denoised = await model.denoise(
        inner,
        sigma.map(value => value / scale),
        options
      )
      return denoised.map(value => scale * value + shift)
    }
  }
}

describe('every solver', () => {
  it.each(named)('%s gives a sample the same bits in any batch and any order', async (_, solver) => {
    await fc.assert(
      fc.asyncProperty(problems, fc.integer({ min: 1, max: 3 }), async ({ sigmas, x }, batchSize) => {
        const using = at(solver, sigmas.length - 1)
        const whole = await solved(featured, using, x, sigmas)
        const parts = [2, 0, 1].map(k => x.slice(k * SIZE, (k + 1) * SIZE))
        const turned = await solved(
          featured,
          using,
          Float64Array.from(parts.flatMap(part => [...part])),
          sigmas,
          batchSize
        )
        for (const [place, k] of [2, 0, 1].entries())
          expect(turned.slice(place * SIZE, (place + 1) * SIZE)).toEqual(whole.slice(k * SIZE, (k + 1) * SIZE))
      }),
      { numRuns: 5 }
    )
  })

  it.each(movable)('%s gives scaled and shifted data the scaled and shifted result', async (title, solver) => {
    await fc.assert(
      fc.asyncProperty(
        problems,
        isScalable(title) ? fc.double({ min: 0.1, max: 10, noNaN: true }) : fc.constant(1),
        fc.double({ min: -3, max: 3, noNaN: true }),
        async ({ sigmas, x }, scale, shift) => {
          const using = at(solver, sigmas.length - 1)
          const expected = (await solved(mixture, using, x, sigmas)).map(value => scale * value + shift)
          const start = x.map(value => scale * value + shift)
          const found = await solved(
            moved(mixture, scale, shift),
            using,
            start,
            sigmas.map(sigma => scale * sigma)
          )
          expect(relativeError(found, expected)).toBeLessThan(1e-8)
        }
      ),
      { numRuns: 5 }
    )
  })
})

describe('epd', () => {
  it('with K equal points is epd with one of them, whatever their weights', async () => {
    await fc.assert(
      fc.asyncProperty(
        problems,
        fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 1, maxLength: 5 }),
        fc.double({ min: -3, max: 3, noNaN: true }),
        fc.constantFrom(undefined, 'ipndm', 'dpmpp', 'unipc', 'deis'),
        async ({ sigmas, x }, weights, r, base) => {
          const table = (row: readonly number[]) => Array.from({ length: sigmas.length - 1 }, () => row)
          const epd = (count: number): NamedSolver => {
            const zeros = table(new Array<number>(count).fill(0))
            const predictor = {
              r: table(new Array<number>(count).fill(r)),
              weight: table(weights.slice(0, count)),
              scaleDir: zeros,
              scaleTime: zeros,
              ranges: { scaleDir: 0.05, scaleTime: 0.05 }
            }
            return { name: 'epd', base, predictor }
          }
          const [several, one] = [
            await solved(mixture, epd(weights.length), x, sigmas),
            await solved(mixture, epd(1), x, sigmas)
          ]
          expect(relativeError(several, one)).toBeLessThan(1e-10)
        }
      ),
      { numRuns: 40 }
    )
  })
})
