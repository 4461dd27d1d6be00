import type { MethodProblem, OptionsOf, OptionSchemas, SolverDescriptor } from './descriptor.js'
import { add, combine } from './march.js'
import { remembered, stepOrder, type Multistep } from './multistep.js'
import { AFS, LOWER_ORDER_FINAL, maxOrder } from './option-parts.js'
import { lagrangeIntegrals } from './quadrature.js'

const OPTIONS = {
  afs: AFS,
  maxOrder: maxOrder(4),
  mode: {
    description:
      'In what gradients are interpolated: tab (the time of the variance-preserving process), rhoab (sigma) or logrho (log sigma, as diffusers has it).',
    enum: ['tab', 'rhoab', 'logrho'],
    default: 'tab'
  },
  lowerOrderFinal: {
    ...LOWER_ORDER_FINAL,
    description: `${LOWER_ORDER_FINAL.description} Default: false.`,
    implied: false
  }
} as const satisfies OptionSchemas

/** The options of DEIS. */
export type DeisOptions = OptionsOf<typeof OPTIONS>

/**
 * DEIS (Zhang & Chen 2023, arXiv 2204.13902): the polynomial through the last gradients is integrated exactly. tAB
 * interpolates in the time t of the variance-preserving process, sigma(t)^2 = exp(beta_d t^2 / 2 + beta_min t) - 1,
 * which runs from 1 to 0.001 over the schedule; rho-AB in sigma, which is Adams-Bashforth on steps of any size; log rho
 * in log sigma, as diffusers has it. Order `maxOrder`. A step to a noise level of 0 is of order 1.
 */
export const deis: SolverDescriptor<'deis', DeisOptions, 'time-points'> = {
  name: 'deis',
  title: 'DEIS: the polynomial through the last gradients is integrated; one evaluation a step.',
  options: OPTIONS,
  order: 4,
  evaluationsAStep: 1,
  reachesZero: true,
  learns: 'time-points',
  method
}

/** A gradient, and the time that it was taken at. */
interface Taken {
  readonly t: number
  readonly d: Float64Array
}

function method({ sigmas }: MethodProblem, options: DeisOptions): Multistep<readonly Taken[]> {
  const { maxOrder, mode, lowerOrderFinal } = options
  const { timeOf, slope } = TIMES[mode](sigmas[0], sigmas.findLast(sigma => sigma > 0) ?? 0)
  return {
    init: [],
    step(earlier, { x, d, t: sigma, index }) {
      const t = timeOf(sigma)
      const state = remembered({ t, d }, earlier, maxOrder)
      const last = state.slice(0, stepOrder(maxOrder, index, sigmas.length, lowerOrderFinal))
      const nodes = last.map(each => each.t)
      const gradients = last.map(each => each.d)
      const lead = (next: number) =>
        next === 0 || (last.length === 1 && mode !== 'rhoab')
          ? add(x, next - sigma, d)
          : add(x, 1, combine(lagrangeIntegrals(nodes, t, timeOf(next), slope), gradients))
      return { state, lead }
    }
  }
}

/** A variable that gradients are polynomials in: as a function of sigma, and how fast sigma changes with it. */
interface Time {
  readonly timeOf: (sigma: number) => number
  readonly slope?: (time: number) => number
}

const TIMES: Readonly<Record<DeisOptions['mode'], (sigmaMax: number, sigmaMin: number) => Time>> = {
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
