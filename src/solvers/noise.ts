import type { Condition, Denoiser } from '../models/denoiser.js'
import { latents, latentsAndLabels, type GeneratorName } from '../random/latents.js'

/** The state that each seed starts from at sigma, and, for a class-conditional model, the class that is drawn with it. */
export function noise(
  seeds: readonly number[],
  { shape, labelDim }: Denoiser,
  sigma: number,
  generator?: GeneratorName
): { x: Float64Array; condition?: Condition } {
  if (labelDim === 0) return { x: latents({ seeds, shape, generator }).map(value => value * sigma) }
  const drawn = latentsAndLabels({ seeds, shape, labelDim, generator })
  return { x: drawn.latents.map(value => value * sigma), condition: { labels: drawn.labels } }
}
