import { COORDINATES } from './coordinates.js'
import type { OptionsOf, OptionSchemas, SolverDescriptor } from './descriptor.js'
import { add, combine, firstGradient, gradient, logInterpolate, march, toZero } from './march.js'
import { AFS } from './option-parts.js'

const OPTIONS = {
  afs: AFS,
  coordinates: COORDINATES,
  r: {
    description: 'Where the second evaluation stands between two time points, in log sigma: 0 < r <= 1.',
    type: 'number',
    exclusiveMinimum: 0,
    maximum: 1,
    default: 0.5
  }
} as const satisfies OptionSchemas

/** The options of DPM-Solver-2. */
export type Dpm2Options = OptionsOf<typeof OPTIONS>

/**
 * DPM-Solver-2 (Lu et al. 2022, arXiv 2206.00927) as a two-stage Runge-Kutta method in sigma, order 2. Two NFE a step,
 * one to a noise level of 0.
 */
export const dpm2: SolverDescriptor<'dpm2', Dpm2Options, 'time-points'> = {
  name: 'dpm2',
  title: 'DPM-Solver-2: order 2, two evaluations a step.',
  options: OPTIONS,
  order: 2,
  evaluationsAStep: 2,
  reachesZero: true,
  learns: 'time-points',
  teaches: { without: [] },
  start(problem, { afs, r }) {
    const weight = 1 / (2 * r)
    return march(problem, function* (x, t, next, i) {
      if (next === 0) return yield* toZero(x, t, i, afs)
      const d = yield* firstGradient(x, t, i, afs)
      const middle = logInterpolate(t, next, r)
      const dMiddle = yield* gradient(add(x, middle - t, d), middle)
      return add(x, next - t, combine([1 - weight, weight], [d, dMiddle]))
    })
  }
}
