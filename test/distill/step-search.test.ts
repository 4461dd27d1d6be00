import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  medianPath,
  searchCost,
  searchedSteps,
  type FoundSteps,
  type StepSearch
} from '../../src/distill/step-search.js'

const SIZE = 3
/** What the model answers in these tests: nothing linear, the same at the same place. */
const denoised = (x: Float64Array, sigma: number) => x.map((value, i) => Math.tanh(value / (1 + sigma)) + 0.1 * i)

/** A search by itself, with what it asked. */
function searched(search: StepSearch): FoundSteps & { readonly asked: number; readonly layers: number } {
  const found: FoundSteps[] = []
  const run = searchedSteps(search, steps => found.push(steps))
  let [asked, layers] = [0, 0]
  let step = run.next([])
  while (!step.done) {
    if ('reached' in step.value) throw new Error('a search reaches no states')
    layers += 1
    asked += step.value.length
    const answers = step.value.map(({ x, sigma }) => ({ denoised: denoised(x, Number(sigma)) }))
    step = run.next(answers)
  }
  return { ...found[0], asked, layers }
}

const searches = fc
  .record({
    points: fc.integer({ min: 2, max: 8 }),
    ratio: fc.double({ min: 1.2, max: 3, noNaN: true }),
    afs: fc.boolean(),
    values: fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 8 * SIZE, maxLength: 8 * SIZE })
  })
  .chain(({ points, ratio, afs, values }) =>
    fc.integer({ min: 1, max: points - 1 }).map((steps): StepSearch => {
      const sigmas = Array.from({ length: points }, (_, i) => 10 / ratio ** i)
      const states = sigmas.map((_, i) => Float64Array.from(values.slice(i * SIZE, (i + 1) * SIZE)))
      return { states, sigmas, steps, afs }
    })
  )

/** One step of Euler's method between two places. */
function stepped({ sigmas, afs }: StepSearch, x: Float64Array, i: number, j: number): Float64Array {
  const analytical = afs && i === 0
  return x.map((value, k) => {
    const d = analytical ? value / Math.sqrt(1 + sigmas[i] ** 2) : (value - denoised(x, sigmas[i])[k]) / sigmas[i]
    return value + (sigmas[j] - sigmas[i]) * d
  })
}

const differenceOf = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, k) => sum + (value - b[k]) ** 2, 0)

/** The state nearest to the teacher's at place `j` after so many steps, and how it came there: by the definition. */
function best(search: StepSearch, step: number, j: number): { x: Float64Array; path: readonly number[] } | undefined {
  if (step === 0) return j === 0 ? { x: search.states[0], path: [0] } : undefined
  const ways = Array.from({ length: j }, (_, i) => best(search, step - 1, i)).flatMap((way, i) =>
    way ? [{ x: stepped(search, way.x, i, j), path: [...way.path, j] }] : []
  )
  return ways.length === 0
    ? undefined
    : ways.reduce((least, way) =>
        differenceOf(way.x, search.states[j]) < differenceOf(least.x, search.states[j]) ? way : least
      )
}

describe('a search for steps', () => {
  it('finds what its definition says', () => {
    fc.assert(
      fc.property(searches, search => {
        const last = search.states.length - 1
        const expected = best(search, search.steps, last)
        const { path, loss } = searched(search)
        expect(path).toEqual(expected?.path)
        expect(loss).toBeCloseTo(differenceOf(expected?.x ?? search.states[0], search.states[last]) / SIZE, 10)
      }),
      { numRuns: 200 }
    )
  })

  it('of two steps finds the best of all that there are', () => {
    fc.assert(
      fc.property(searches, given => {
        const last = given.states.length - 1
        fc.pre(last >= 2)
        const search = { ...given, steps: 2 }
        const losses = Array.from({ length: last - 1 }, (_, k) => {
          const middle = stepped(search, search.states[0], 0, k + 1)
          return differenceOf(stepped(search, middle, k + 1, last), search.states[last])
        })
        expect(SIZE * searched(search).loss).toBeCloseTo(Math.min(...losses), 10)
      })
    )
  })

  it('goes from the first noise level to the last, ever on', () => {
    fc.assert(
      fc.property(searches, search => {
        const { path } = searched(search)
        expect(path).toHaveLength(search.steps + 1)
        expect([path[0], path[search.steps]]).toEqual([0, search.states.length - 1])
        path.slice(1).forEach((place, k) => {
          expect(place).toBeGreaterThan(path[k])
        })
      })
    )
  })

  it('with as many steps as there are takes them all', () => {
    fc.assert(
      fc.property(searches, given => {
        const search = { ...given, steps: given.states.length - 1 }
        expect(searched(search).path).toEqual([...search.states.keys()])
      })
    )
  })

  it('evaluates a step at once, and as often as is foreseen', () => {
    fc.assert(
      fc.property(searches, search => {
        const { asked, layers } = searched(search)
        expect(asked).toBe(searchCost({ points: search.states.length, steps: search.steps }, search.afs))
        expect(layers).toBe(search.steps - (search.afs ? 1 : 0))
        expect(asked).toBeLessThanOrEqual(search.steps * search.states.length)
      })
    )
  })
})

describe('the median of paths', () => {
  const paths = fc.integer({ min: 1, max: 6 }).chain(steps =>
    fc.array(
      fc
        .uniqueArray(fc.integer({ min: 1, max: 19 }), { minLength: steps, maxLength: steps })
        .map(places => [0, ...places.sort((a, b) => a - b), 20]),
      { minLength: 1, maxLength: 9 }
    )
  )

  it('rises as they do, between the same ends', () => {
    fc.assert(
      fc.property(paths, all => {
        const median = medianPath(all)
        expect([median[0], median.at(-1)]).toEqual([0, 20])
        median.slice(1).forEach((place, k) => {
          expect(place).toBeGreaterThan(median[k])
        })
      })
    )
  })

  it('has as many paths on either side at each place', () => {
    fc.assert(
      fc.property(paths, all => {
        medianPath(all).forEach((place, k) => {
          const below = all.filter(path => path[k] < place).length
          const above = all.filter(path => path[k] > place).length
          expect(Math.max(below, above)).toBeLessThanOrEqual(all.length / 2)
        })
      })
    )
  })

  it('is the earlier one of two in the middle', () => {
    expect(medianPath([[0, 3, 9], [0, 5, 9]])).toEqual([0, 3, 9]) // prettier-ignore
    expect(medianPath([[0, 3, 9], [0, 5, 9], [0, 8, 9]])).toEqual([0, 5, 9]) // prettier-ignore
  })
})
