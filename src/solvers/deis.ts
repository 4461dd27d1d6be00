import { add, combine } from './march.js'
import { history, multistep, stepOrder, type LowerOrderFinal, type Multistep } from './multistep.js'
import { lagrangeIntegrals } from './quadrature.js'
import type { Problem, SolverRun } from './solver.js'

export interface DeisOptions {
  readonly afs?: boolean
  /** 1 to 4. */
  readonly maxOrder?: number
  /** Default: tab. */
  readonly mode?: DeisMode
  /** Default: the order is kept to the end. */
  readonly lowerOrderFinal?: LowerOrderFinal
}

/** In what gradients are interpolated: the time of the variance-preserving process (tab), sigma (rhoab), or log sigma (logrho). */
export type DeisMode = 'tab' | 'rhoab' | 'logrho'

/**
 * DEIS (Zhang & Chen 2023, arXiv 2204.13902): the polynomial through the last gradients is integrated exactly. tAB interpolates in
 * the time t of the variance-preserving process, sigma(t)^2 = exp(beta_d t^2 / 2 + beta_min t) - 1, which runs from 1 to 0.001
 * over the schedule; rho-AB in sigma, which is Adams-Bashforth on steps of any size; log rho in log sigma, as diffusers has it. Order
 * `maxOrder`. A step to a noise level of 0 is of order 1.
 */
export function deis(problem: Problem, options: DeisOptions = {}): SolverRun {
  return multistep(problem, deisMethod(problem.sigmas, options), options.afs ?? false)
}

export function deisMethod(sigmas: Float64Array, options: DeisOptions): Multistep {
  const { maxOrder = 4, mode = 'tab', lowerOrderFinal = false } = options
  const { timeOf, slope } = TIMES[mode](sigmas[0], sigmas.findLast(sigma => sigma > 0) ?? 0)
  const remember = history<{ readonly t: number; readonly d: Float64Array }>(maxOrder)
  return (x, d, sigma, index) => {
    const t = timeOf(sigma)
    const last = remember({ t, d }).slice(0, stepOrder(maxOrder, index, sigmas.length, lowerOrderFinal))
    const nodes = last.map(each => each.t)
    const gradients = last.map(each => each.d)
    return next =>
      next === 0 || (last.length === 1 && mode !== 'rhoab')
        ? add(x, next - sigma, d)
        : add(x, 1, combine(lagrangeIntegrals(nodes, t, timeOf(next), slope), gradients))
  }
}

/** A variable that gradients are polynomials in: as a function of sigma, and how fast sigma changes with it. */
interface Time {
  readonly timeOf: (sigma: number) => number
  readonly slope?: (time: number) => number
}

const TIMES: Readonly<Record<DeisMode, (sigmaMax: number, sigmaMin: number) => Time>> = {
  tab: variancePreserving,
  rhoab: () => ({ timeOf: sigma => sigma }),
  logrho: () => ({ timeOf: Math.log, slope: Math.exp })
}

const LAST_TIME = 1e-3

/** sigma as a function of the time of the process that has sigmaMax at 1 and sigmaMin at 0.001. */
function variancePreserving(sigmaMax: number, sigmaMin: number): Time {
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
