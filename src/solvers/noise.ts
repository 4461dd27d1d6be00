import type { Condition, Denoiser } from '../models/denoiser.js'
import { latents, latentsAndLabels, type GeneratorName } from '../random/latents.js'
import type { NoiseScale } from './schedule.js'

/**
 * The state that each seed starts from at sigma, and, for a class-conditional model, the class that is drawn with it. Latents are
 * multiplied by sigma as in the paper's code, or with `noiseScale` unit-variance by sqrt(sigma^2 + 1).
 */
export function noise(
  seeds: readonly number[],
  { shape, labelDim }: Pick<Denoiser, 'shape' | 'labelDim'>,
  sigma: number,
  generator?: GeneratorName,
  noiseScale: NoiseScale = 'sigma'
): { x: Float64Array; condition?: Condition } {
  const factor = noiseScale === 'sigma' ? sigma : Math.sqrt(sigma ** 2 + 1)
  if (labelDim === 0) return { x: latents({ seeds, shape, generator }).map(value => value * factor) }
  const drawn = latentsAndLabels({ seeds, shape, labelDim, generator })
  return { x: drawn.latents.map(value => value * factor), condition: { labels: drawn.labels } }
}
