import type { Denoiser } from '../models/denoiser.js'

/** What is to be known of a model to put time points into its range. */
export type RangedModel = Partial<Pick<Denoiser, 'sigmaMin' | 'sigmaMax' | 'bounded' | 'time' | 'pureNoise'>>

/** Noise levels from the first time point to the last. */
export interface Range {
  readonly sigmaMin: number
  readonly sigmaMax: number
}

/** What EDM's models are sampled over (Karras et al. 2022), whose networks take any noise level. */
const EDM: Range = { sigmaMin: 0.002, sigmaMax: 80 }

/** Where a model's own time points begin and end: EDM's ends stand for those that a model leaves open. */
export function rangeOf({ sigmaMin = 0, sigmaMax = Infinity }: RangedModel): Range {
  return {
    sigmaMin: sigmaMin > 0 ? sigmaMin : EDM.sigmaMin,
    sigmaMax: Number.isFinite(sigmaMax) ? sigmaMax : EDM.sigmaMax
  }
}

/** How far time points may lie beyond a model's range without a word: ends are often written with few digits. */
const MARGIN = 1.01

/** Whether time points leave the range that a model states. */
export function leaves({ sigmaMin, sigmaMax }: Range, model: RangedModel): boolean {
  const { sigmaMin: least = 0 } = model
  const most = model.pureNoise ? Infinity : (model.sigmaMax ?? Infinity)
  return sigmaMin * MARGIN < least || sigmaMax > most * MARGIN
}

/** What is wrong with such time points, with the right ends. */
export function describeLeaving(range: Range, model: RangedModel): string {
  const { sigmaMin, sigmaMax } = rangeOf(model)
  const ends = `sigmaMax: ${short(sigmaMax)}, sigmaMin: ${short(sigmaMin)}`
  return `time points go from sigma ${short(range.sigmaMax)} to ${short(range.sigmaMin)}, and the model was trained from ${short(sigmaMax)} to ${short(sigmaMin)}; leave the schedule's ends out, or set them within { ${ends} }`
}

function short(sigma: number): string {
  return String(Number(sigma.toPrecision(6)))
}
