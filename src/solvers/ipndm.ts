import { add, combine, firstGradient, march } from './march.js'
import type { Problem, SolverRun } from './solver.js'

export interface IpndmOptions {
  readonly afs?: boolean
  /** 1 to 4. */
  readonly maxOrder?: number
}

/** Improved PNDM (Zhang & Chen 2023, arXiv 2204.13902): Adams-Bashforth with fixed coefficients, its order rising from 1. */
export function ipndm(problem: Problem, { afs = false, maxOrder = 4 }: IpndmOptions = {}): SolverRun {
  const history: Float64Array[] = []
  return march(problem, function* (x, t, next, i) {
    const d = yield* firstGradient(x, t, i, afs)
    return add(x, next - t, adamsBashforth(d, history, maxOrder))
  })
}

const ADAMS_BASHFORTH = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24]
] as const

/** The Adams-Bashforth combination of d and the gradients of earlier steps, newest first, to which d is added. */
export function adamsBashforth(d: Float64Array, history: Float64Array[], maxOrder: number): Float64Array {
  history.unshift(d)
  history.length = Math.min(history.length, maxOrder)
  return combine(ADAMS_BASHFORTH[history.length - 1], history)
}
