import type { Condition, Denoiser } from '../models/denoiser.js'
import { latents, latentsAndLabels, type GeneratorName } from '../random/latents.js'
import type { NoiseScale } from './schedule.js'

/** What sampling starts from. */
export interface Noise {
  /** The state at the first time point, [seeds, ...shape]. */
  readonly x: Float64Array
  /** The classes that the seeds have drawn; absent for a model without classes. */
  readonly condition?: Condition
}

/**
 * The state that each seed starts from at sigma, and, for a class-conditional model, the class that is drawn with it.
 * Latents are multiplied by sigma as in the paper's code, or with `noiseScale` unit-variance by sqrt(sigma^2 + 1).
 * @param seeds whole numbers from 0 to 2^32 - 1; a sample depends on its seed alone
 * @param sigma the first time point, above 0; Infinity, where a flow begins at t = 1, leaves latents as they are
 * @param generator the random numbers of PyTorch's CPU (bit for bit) or GPU generator; default: `torch-cpu`
 * @throws RangeError for a seed that is out of its range
 */
export function noise(
  seeds: readonly number[],
  { shape, labelDim }: Pick<Denoiser, 'shape' | 'labelDim'>,
  sigma: number,
  generator?: GeneratorName,
  noiseScale: NoiseScale = 'sigma'
): Noise {
  const factor = startFactor(sigma, noiseScale)
  if (labelDim === 0) return { x: latents({ seeds, shape, generator }).map(value => value * factor) }
  const drawn = latentsAndLabels({ seeds, shape, labelDim, generator })
  return { x: drawn.latents.map(value => value * factor), condition: { labels: drawn.labels } }
}

/** What latents are multiplied by at the first time point; at infinite noise they are the image themselves. */
export function startFactor(sigma: number, noiseScale: NoiseScale = 'sigma'): number {
  if (sigma === Infinity) return 1
  return noiseScale === 'sigma' ? sigma : Math.sqrt(sigma ** 2 + 1)
}
