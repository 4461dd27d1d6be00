import { COORDINATES } from './coordinates.js'
import type { OptionsOf, OptionSchemas, SolverDescriptor } from './descriptor.js'
import { add, combine } from './march.js'
import { remembered, type Multistep } from './multistep.js'
import { AFS, maxOrder } from './option-parts.js'
import { lagrangeIntegrals } from './quadrature.js'

const OPTIONS = {
  afs: AFS,
  coordinates: COORDINATES,
  maxOrder: maxOrder(4),
  variableStep: {
    description: "Whether the coefficients follow the steps' sizes, in place of those of equal steps.",
    type: 'boolean',
    default: false
  }
} as const satisfies OptionSchemas

/** The options of iPNDM. */
export type IpndmOptions = OptionsOf<typeof OPTIONS>

/**
 * Improved PNDM (Zhang & Chen 2023, arXiv 2204.13902): Adams-Bashforth, its order rising from 1 to `maxOrder`. Its
 * coefficients are those of equal steps, whatever the steps are (order 1 on others); with `variableStep` they are those
 * of the steps' own sizes (Hairer, Norsett & Wanner 1993, III.5), order `maxOrder` on any.
 */
export const ipndm: SolverDescriptor<'ipndm', IpndmOptions, 'time-points'> = {
  name: 'ipndm',
  title: 'iPNDM, Adams-Bashforth with fixed coefficients: one evaluation a step.',
  options: OPTIONS,
  order: 4,
  evaluationsAStep: 1,
  reachesZero: true,
  learns: 'time-points',
  teaches: { without: [] },
  method: (_problem, { maxOrder, variableStep }) => (variableStep ? adamsBashforth(maxOrder) : equalSteps(maxOrder))
}

const ADAMS_BASHFORTH = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24]
] as const

function equalSteps(maxOrder: number): Multistep<readonly Float64Array[]> {
  return {
    init: [],
    step(earlier, { x, d, t }) {
      const gradients = remembered(d, earlier, maxOrder)
      const direction = combine(ADAMS_BASHFORTH[gradients.length - 1], gradients)
      return { state: gradients, lead: time => add(x, time - t, direction) }
    }
  }
}

/** A gradient and the time that it was taken at. */
interface Taken {
  readonly t: number
  readonly d: Float64Array
}

/** Adams-Bashforth in sigma on steps of any size: the integral of the polynomial through the last gradients. */
function adamsBashforth(maxOrder: number): Multistep<readonly Taken[]> {
  return {
    init: [],
    step(earlier, { x, d, t }) {
      const last = remembered({ t, d }, earlier, maxOrder)
      const nodes = last.map(each => each.t)
      const gradients = last.map(each => each.d)
      return { state: last, lead: time => add(x, 1, combine(lagrangeIntegrals(nodes, t, time), gradients)) }
    }
  }
}
