import type { ModelFamily, Preconditioning } from './preconditioning.js'
import { chainSteps } from './steps.js'

/**
 * Improved DDPM's discrete noise levels (Nichol & Dhariwal 2021; Karras et al. 2022, Table 1). The network is told the
 * index of the nearest.
 */
export const IDDPM: ModelFamily = { className: 'iDDPMPrecond', precondition: iddpm }

function iddpm(argument: (name: string, otherwise: number) => number): Preconditioning {
  const steps = chainSteps(argument('M', 1000), "the checkpoint's M")
  const levels = noiseLevels(steps, argument('C_1', 0.001), argument('C_2', 0.008))
  return {
    sigmaMin: argument('sigma_min', levels[steps - 1]),
    sigmaMax: argument('sigma_max', levels[0]),
    learnedVariance: true,
    unrounded: sigma => steps - 1 - between(levels, sigma),
    at: sigma => ({
      skip: 1,
      out: -sigma,
      in: 1 / Math.sqrt(sigma ** 2 + 1),
      noise: steps - 1 - Math.min(nearest(levels, sigma), steps - 1)
    })
  }
}

/** The noise levels u[0] > ... > u[steps] = 0. */
function noiseLevels(steps: number, c1: number, c2: number): Float64Array {
  const alphaBar = (j: number) => Math.sin((0.5 * Math.PI * j) / steps / (c2 + 1)) ** 2
  const levels = new Float64Array(steps + 1)
  for (let j = steps; j > 0; j--)
    levels[j - 1] = Math.sqrt((levels[j] ** 2 + 1) / Math.max(alphaBar(j - 1) / alphaBar(j), c1) - 1)
  return levels
}

/**
 * The index of a noise level, whole or not, as if levels lay evenly in log sigma between two. Before the first and
 * behind the last but one it is theirs.
 */
function between(levels: Float64Array, sigma: number): number {
  const last = levels.length - 2
  const above = Math.min(Math.max(firstAtMost(levels, sigma) - 1, 0), last - 1)
  const share = Math.log(levels[above] / sigma) / Math.log(levels[above] / levels[above + 1])
  return above + Math.min(Math.max(share, 0), 1)
}

/** The index of the level nearest to sigma, which is the first of equals. */
function nearest(levels: Float64Array, sigma: number): number {
  const low = firstAtMost(levels, sigma)
  return low > 0 && levels[low - 1] - sigma <= sigma - levels[low] ? low - 1 : low
}

/** The index of the first of falling levels that is not above sigma. */
function firstAtMost(levels: Float64Array, sigma: number): number {
  let low = 0
  let high = levels.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (levels[middle] > sigma) low = middle + 1
    else high = middle
  }
  return low
}
