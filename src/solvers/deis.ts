import { add, combine } from './march.js'
import { adamsBashforth } from './ipndm.js'
import { history, multistep, type Multistep } from './multistep.js'
import { lagrangeIntegrals } from './quadrature.js'
import type { Problem, SolverRun } from './solver.js'

export interface DeisOptions {
  readonly afs?: boolean
  /** 1 to 4. */
  readonly maxOrder?: number
  /** In what the gradients are interpolated: the time of the variance-preserving process (tab) or sigma (rhoab). */
  readonly mode?: 'tab' | 'rhoab'
}

/**
 * DEIS (Zhang & Chen 2023, arXiv 2204.13902): the polynomial through the last gradients is integrated exactly. tAB interpolates in
 * the time t of the variance-preserving process, sigma(t)^2 = exp(beta_d t^2 / 2 + beta_min t) - 1, which runs from 1 to 0.001
 * over the schedule; rho-AB in sigma, which is Adams-Bashforth on steps of any size. Order `maxOrder`.
 */
export function deis(problem: Problem, options: DeisOptions = {}): SolverRun {
  return multistep(problem, deisMethod(problem.sigmas, options), options.afs ?? false)
}

export function deisMethod(sigmas: Float64Array, { maxOrder = 4, mode = 'tab' }: DeisOptions): Multistep {
  if (mode === 'rhoab') return adamsBashforth(maxOrder)
  const process = variancePreserving(sigmas[0], sigmas[sigmas.length - 1])
  const remember = history<{ readonly t: number; readonly d: Float64Array }>(maxOrder)
  return (x, d, sigma) => {
    const t = process.timeOf(sigma)
    const last = remember({ t, d })
    const nodes = last.map(each => each.t)
    const gradients = last.map(each => each.d)
    if (last.length === 1) return next => add(x, next - sigma, d)
    return next => add(x, 1, combine(lagrangeIntegrals(nodes, t, process.timeOf(next), process.slope), gradients))
  }
}

const LAST_TIME = 1e-3

/** sigma as a function of the time of the process that has sigmaMax at 1 and sigmaMin at 0.001. */
function variancePreserving(sigmaMax: number, sigmaMin: number) {
  const [logMax, logMin] = [Math.log1p(sigmaMax ** 2), Math.log1p(sigmaMin ** 2)]
  const betaD = (2 * (logMin / LAST_TIME - logMax)) / (LAST_TIME - 1)
  const betaMin = logMax - betaD / 2
  return {
    timeOf: (sigma: number) => (Math.sqrt(betaMin ** 2 + 2 * betaD * Math.log1p(sigma ** 2)) - betaMin) / betaD,
    /** dsigma/dt */
    slope: (t: number) => {
      const log = (betaD / 2) * t * t + betaMin * t
      return ((betaD * t + betaMin) * Math.exp(log)) / (2 * Math.sqrt(Math.expm1(log)))
    }
  }
}
