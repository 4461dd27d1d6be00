import { COORDINATES } from './coordinates.js'
import type { OptionsOf, OptionSchemas, SolverDescriptor } from './descriptor.js'
import { add, combine, firstGradient, gradient, march, toZero } from './march.js'
import { AFS } from './option-parts.js'

const OPTIONS = { afs: AFS, coordinates: COORDINATES } as const satisfies OptionSchemas

/** The options of Heun's method. */
export type HeunOptions = OptionsOf<typeof OPTIONS>

/**
 * Heun's method (trapezoidal rule), order 2: the sampler of EDM (Karras et al. 2022, Algorithm 1). Two NFE a step, one
 * to a noise level of 0.
 */
export const heun: SolverDescriptor<'heun', HeunOptions, 'time-points'> = {
  name: 'heun',
  title: "Heun's method, the sampler of EDM: order 2, two evaluations a step.",
  options: OPTIONS,
  order: 2,
  evaluationsAStep: 2,
  reachesZero: true,
  learns: 'time-points',
  teaches: { without: [] },
  start: (problem, { afs }) =>
    march(problem, function* (x, t, next, i) {
      if (next === 0) return yield* toZero(x, t, i, afs)
      const d = yield* firstGradient(x, t, i, afs)
      const ahead = yield* gradient(add(x, next - t, d), next)
      return add(x, next - t, combine([0.5, 0.5], [d, ahead]))
    })
}
