import type { Condition, Denoiser } from '../models/denoiser.js'
import { latents, latentsAndLabels } from '../random/torch-cpu.js'

/** The state that each seed starts from at sigma, and, for a class-conditional model, the class that is drawn with it. */
export function noise(
  seeds: readonly number[],
  { shape, labelDim }: Denoiser,
  sigma: number
): { x: Float64Array; condition?: Condition } {
  if (labelDim === 0) return { x: latents({ seeds, shape }).map(value => value * sigma) }
  const drawn = latentsAndLabels({ seeds, shape, labelDim })
  return { x: drawn.latents.map(value => value * sigma), condition: { labels: drawn.labels } }
}
