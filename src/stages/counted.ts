import type { Condition, Denoiser } from '../models/denoiser.js'

/** Told of evaluations of single samples, those of guidance counted, as soon as they are done. */
export type OnEvaluations = (evaluations: number) => void

/** A model that tells of each batch that it has answered, whichever of its faces was asked. */
export function counted<M extends Denoiser>(model: M, onEvaluations: OnEvaluations): M {
  const counting =
    <Answer>(denoise: (x: Float64Array, sigma: Float64Array, condition?: Condition) => Promise<Answer>) =>
    async (x: Float64Array, sigma: Float64Array, condition?: Condition) => {
      const answer = await denoise(x, sigma, condition)
      onEvaluations(sigma.length * model.nfeFactor)
      return answer
    }
  const { features, smooth } = model
  return {
    ...model,
    denoise: counting((...given) => model.denoise(...given)),
    features: features && { ...features, denoise: counting((...given) => features.denoise(...given)) },
    smooth: smooth && counted(smooth, onEvaluations)
  }
}
