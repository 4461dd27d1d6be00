import { digestOf } from '../checkpoints/digest.js'
import type { Denoiser } from './denoiser.js'
import type { ClipDenoised, Model } from './model.js'

/** A model whose denoised data are clamped to [-limit, limit], whatever asks for them. */
export function clipped<Of extends Denoiser>(model: Of, limit: number): Of {
  const clamp = (denoised: Float64Array) => denoised.map(value => Math.min(Math.max(value, -limit), limit))
  const { smooth, features } = model
  return {
    ...model,
    denoise: async (...given: Parameters<Denoiser['denoise']>) => clamp(await model.denoise(...given)),
    smooth: smooth && clipped(smooth, limit),
    features: features && {
      ...features,
      async denoise(...given: Parameters<typeof features.denoise>) {
        const answer = await features.denoise(...given)
        return { ...answer, denoised: clamp(answer.denoised) }
      }
    }
  }
}

/** Clamps a model's denoised data where that is asked for, under a digest of its own. */
export function withClipping(model: Model, limit: ClipDenoised | undefined): Model {
  if (limit === undefined || limit === false) return model
  return { ...clipped(model, limit), digest: digestOf([model.digest, { clipDenoised: limit }]) }
}
