import type { OptionSchemas, SolverDescriptor, MethodProblem, OptionsOf } from './descriptor.js'
import { exponentialStep, phis, predicted, zeroStep, type Made } from './exponential.js'
import { add, combine } from './march.js'
import { remembered, stepOrder, type Multistep } from './multistep.js'
import { AFS, CLIPS, LOWER_ORDER_FINAL, maxOrder, PREDICTS, THRESHOLDING } from './option-parts.js'

const OPTIONS = {
  afs: AFS,
  maxOrder: maxOrder(3),
  predicts: PREDICTS,
  thresholding: THRESHOLDING,
  lowerOrderFinal: { ...LOWER_ORDER_FINAL, default: true },
  solverType: {
    description: 'The rule of order 2, as solver_type of diffusers: midpoint or heun. Default: midpoint.',
    enum: ['midpoint', 'heun'],
    implied: 'midpoint'
  }
} as const satisfies OptionSchemas

/** The options of DPM-Solver++. */
export type DpmppOptions = OptionsOf<typeof OPTIONS>

/**
 * DPM-Solver++ (Lu et al. 2022, arXiv 2211.01095), multistep: DPM-Solver++(3M) at its default order. Order `maxOrder`,
 * but 2 at 3: the second difference has half the weight that order 3 asks for, as it has in the authors' code and in
 * the tables that compare with it. The rule of order 2 is Algorithm 2 of the paper (midpoint) or its variant in the
 * authors' code.
 */
export const dpmpp: SolverDescriptor<'dpmpp', DpmppOptions, 'time-points'> = {
  name: 'dpmpp',
  title: 'DPM-Solver++, multistep: one evaluation a step.',
  options: OPTIONS,
  order: 3,
  evaluationsAStep: 1,
  reachesZero: true,
  learns: 'time-points',
  nonlinear: ({ predicts, thresholding }) => (predicts === 'data' && thresholding ? CLIPS : undefined),
  method
}

function method({ sigmas, samples }: MethodProblem, options: DpmppOptions): Multistep<readonly Made[]> {
  const { maxOrder, predicts, thresholding, lowerOrderFinal, solverType } = options
  return {
    init: [],
    step(earlier, { x, d, t, index }) {
      const last = remembered({ t, m: predicted(predicts, thresholding, samples, x, d, t) }, earlier, maxOrder)
      const used = last.slice(0, stepOrder(maxOrder, index, sigmas.length, lowerOrderFinal))
      const lead = (next: number) => {
        if (next === 0) return zeroStep(predicts, x, last[0].m, t)
        const { keep, scale, h } = exponentialStep(predicts, t, next)
        const places = used.map(each => Math.log(each.t / t) / Math.log(t / next))
        const integral = combine(
          coefficients(h, places, solverType),
          used.map(({ m }) => m)
        )
        return add(
          x.map(value => keep * value),
          -scale,
          integral
        )
      }
      return { state: last, lead }
    }
  }
}

/**
 * The weights of the last predictions, newest first, in the integral over a step of `h`. Each place is how far a
 * prediction lies behind the step's start, in steps of lambda.
 */
function coefficients(
  h: number,
  [, one, two]: readonly (number | undefined)[],
  solverType: DpmppOptions['solverType']
): number[] {
  const [f1, f2, f3] = phis(h, 3)
  if (one === undefined) return [f1]
  if (two === undefined) {
    const slope = (solverType === 'heun' ? f2 : f1 / 2) / one
    return [f1 + slope, -slope]
  }
  const [newer, older] = [
    [1 / one, -1 / one, 0],
    [0, 1 / (two - one), -1 / (two - one)]
  ]
  return newer.map((slope, j) => {
    const bend = (slope - older[j]) / two
    return (j === 0 ? f1 : 0) + f2 * (slope + one * bend) + f3 * bend
  })
}
