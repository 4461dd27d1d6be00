import { power } from '../power.js'

const round = Math.fround

interface SpacingOptions {
  readonly rho: number
  readonly numSteps: number
  readonly sigmaMin: number
  readonly sigmaMax: number
}

type Spacing = (options: SpacingOptions) => number[]

/** The schedules whose time points the paper's code computes in single precision without asking the model. */
export type Float32Type = 'polynomial' | 'logsnr' | 'time_uniform'

/**
 * Time points as the paper's code has them (get_schedule of arXiv 2507.14797): each operation is rounded to single
 * precision, in its order. They differ from the exact ones by up to 0.7 % at the last noise level, where time_uniform
 * takes 1 from a number just above 1.
 */
export const FLOAT32: Readonly<Record<Float32Type, Spacing>> = {
  polynomial: ({ rho, numSteps, sigmaMin, sigmaMax }) => {
    const [first, last] = [power(sigmaMax, 1 / rho), power(sigmaMin, 1 / rho)]
    return fractions(numSteps).map(fraction =>
      rounded(round(round(first) + round(fraction * round(last - first))), rho)
    )
  },
  logsnr: ({ numSteps, sigmaMin, sigmaMax }) => {
    const [from, to] = [round(-Math.log(round(sigmaMax))), round(-Math.log(round(sigmaMin)))]
    return linspace(from, to, numSteps).map(value => round(Math.exp(-value)))
  },
  time_uniform: ({ rho, numSteps, sigmaMin, sigmaMax }) => {
    const [logMin, logMax] = [sigmaMin, sigmaMax].map(sigma => round(Math.log(round(square(round(sigma)) + 1))))
    const betaD = round(round(2 * round(round(logMin / round(LAST)) - logMax)) / round(LAST - 1))
    const betaMin = round(logMax - round(0.5 * betaD))
    return fractions(numSteps).map(fraction => {
      const time = rounded(round(1 + round(fraction * round(power(LAST, 1 / rho) - 1))), rho)
      const exponent = round(round(round(0.5 * betaD) * square(time)) + round(betaMin * time))
      return round(Math.sqrt(round(round(power(round(Math.E), exponent)) - 1)))
    })
  }
}

/** The time at which time_uniform ends. */
const LAST = 1e-3

/** 0, ..., 1 */
function fractions(count: number): number[] {
  return Array.from({ length: count }, (_, i) => round(i / (count - 1)))
}

/** Fractions as torch.linspace computes them: from both ends to the middle. */
function linspace(from: number, to: number, count: number): number[] {
  const step = round(round(to - from) / (count - 1))
  return Array.from({ length: count }, (_, i) =>
    i < Math.floor(count / 2) ? round(from + round(step * i)) : round(to - round(step * (count - 1 - i)))
  )
}

function square(value: number): number {
  return round(value * value)
}

function rounded(value: number, exponent: number): number {
  return round(power(value, exponent))
}
