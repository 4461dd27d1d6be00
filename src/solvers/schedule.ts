import type { ModelTime } from '../models/denoiser.js'

export type ScheduleType = 'polynomial' | 'logsnr' | 'time_uniform' | 'discrete'

export interface ScheduleOptions {
  readonly type: ScheduleType
  /** Exponent of the spacing; not used by `logsnr`. */
  readonly rho: number
  /** Time points, both ends included; at least 2. */
  readonly numSteps: number
  readonly sigmaMin: number
  readonly sigmaMax: number
  /** Needed by `discrete` alone. */
  readonly model?: { readonly time?: ModelTime }
}

/**
 * The time points of a sampler: `numSteps` noise levels falling from sigmaMax to sigmaMin.
 *
 * - `polynomial`: sigma^(1/rho) falls evenly (Karras et al. 2022, Eq. 5).
 * - `logsnr`: log sigma falls evenly (Lu et al. 2022, DPM-Solver).
 * - `time_uniform`: t^(1/rho) falls evenly from 1 to 1e-3 in the time of the variance-preserving SDE whose sigma(t) meets both ends.
 * - `discrete`: the same in the model's own time.
 *
 * @throws RangeError if numSteps is not a whole number of 2 or more, not 0 < sigmaMin < sigmaMax, or the range is too narrow
 * for `time_uniform` (no variance-preserving SDE meets both ends).
 */
export function schedule(options: ScheduleOptions): Float64Array {
  const { numSteps, sigmaMin, sigmaMax } = options
  if (!Number.isInteger(numSteps) || numSteps < 2) throw new RangeError(`numSteps must be 2 or more, found ${numSteps}`)
  if (!(sigmaMin > 0 && sigmaMax > sigmaMin))
    throw new RangeError(`0 < sigmaMin < sigmaMax is needed, found ${sigmaMin} and ${sigmaMax}`)
  const sigmaAt = spacing(options)
  const sigmas = Float64Array.from({ length: numSteps }, (_, i) => sigmaAt(i / (numSteps - 1)))
  if (!sigmas.every((sigma, i) => sigma > 0 && (i === 0 || sigma < sigmas[i - 1])))
    throw new RangeError(`${options.type} does not fall from ${sigmaMax} to ${sigmaMin}: widen the range`)
  return sigmas
}

function spacing({ type, rho, sigmaMin, sigmaMax, model }: ScheduleOptions): (fraction: number) => number {
  switch (type) {
    case 'polynomial':
      return power(sigmaMax, sigmaMin, rho)
    case 'logsnr':
      return fraction => Math.exp(Math.log(sigmaMax) + fraction * (Math.log(sigmaMin) - Math.log(sigmaMax)))
    case 'time_uniform': {
      const sigma = variancePreserving(sigmaMin, sigmaMax)
      const time = power(1, TIME_MIN, rho)
      return fraction => sigma(time(fraction))
    }
    case 'discrete': {
      if (!model?.time) throw new RangeError('the discrete schedule needs a model with a time of its own')
      const { sigma, inverse } = model.time
      const time = power(inverse(sigmaMax), inverse(sigmaMin), rho)
      return fraction => sigma(time(fraction))
    }
  }
}

/** x(f) with x^(1/rho) going evenly from `from` (f = 0) to `to` (f = 1). */
function power(from: number, to: number, rho: number): (fraction: number) => number {
  const [a, b] = [from ** (1 / rho), to ** (1 / rho)]
  return fraction => (a + fraction * (b - a)) ** rho
}

const TIME_MIN = 1e-3

/** sigma(t) of the variance-preserving SDE (Song et al. 2021, Eq. 11; Karras et al. 2022, Table 1) with the given ends. */
function variancePreserving(sigmaMin: number, sigmaMax: number): (time: number) => number {
  const [logMin, logMax] = [Math.log(sigmaMin ** 2 + 1), Math.log(sigmaMax ** 2 + 1)]
  const betaD = (2 * (logMin / TIME_MIN - logMax)) / (TIME_MIN - 1)
  const betaMin = logMax - 0.5 * betaD
  return time => Math.sqrt(Math.exp(0.5 * betaD * time ** 2 + betaMin * time) - 1)
}
