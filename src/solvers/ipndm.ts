import { add, combine } from './march.js'
import { history, multistep, type Multistep } from './multistep.js'
import { lagrangeIntegrals } from './quadrature.js'
import type { Problem, SolverRun } from './solver.js'

export interface IpndmOptions {
  readonly afs?: boolean
  /** 1 to 4. */
  readonly maxOrder?: number
  /** Whether coefficients follow the steps' sizes. */
  readonly variableStep?: boolean
}

/**
 * Improved PNDM (Zhang & Chen 2023, arXiv 2204.13902): Adams-Bashforth, its order rising from 1 to `maxOrder`. Its coefficients are those of
 * equal steps, whatever the steps are (order 1 on others); with `variableStep` they are those of the steps' own sizes (Hairer, Norsett &
 * Wanner 1993, III.5), order `maxOrder` on any.
 */
export function ipndm(problem: Problem, options: IpndmOptions = {}): SolverRun {
  return multistep(problem, ipndmMethod(options), options.afs ?? false)
}

export function ipndmMethod({ maxOrder = 4, variableStep = false }: IpndmOptions): Multistep {
  return variableStep ? adamsBashforth(maxOrder) : equalSteps(maxOrder)
}

const ADAMS_BASHFORTH = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24]
] as const

function equalSteps(maxOrder: number): Multistep {
  const remember = history<Float64Array>(maxOrder)
  return (x, d, t) => {
    const gradients = remember(d)
    const direction = combine(ADAMS_BASHFORTH[gradients.length - 1], gradients)
    return time => add(x, time - t, direction)
  }
}

/** Adams-Bashforth in sigma on steps of any size: the integral of the polynomial through the last gradients. */
export function adamsBashforth(maxOrder: number): Multistep {
  const remember = history<{ readonly t: number; readonly d: Float64Array }>(maxOrder)
  return (x, d, t) => {
    const last = remember({ t, d })
    const nodes = last.map(each => each.t)
    const gradients = last.map(each => each.d)
    return time => add(x, 1, combine(lagrangeIntegrals(nodes, t, time), gradients))
  }
}
