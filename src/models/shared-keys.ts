import { ref, typed, type KeySchemas } from '../reading/keys.js'
import type { ClipDenoised } from './clipped.js'
import type { Shape } from './denoiser.js'
import type { NoiseValues } from './noise-keys.js'

/** Keys that several kinds of models have in a spec. */

/** The size of a sample; without a description. */
export const SHAPE = typed<Shape>()({
  title: '[channels, height, width]',
  type: 'array',
  items: { type: 'integer', minimum: 1 },
  minItems: 3,
  maxItems: 3
})

export const CLIP_DENOISED = typed<ClipDenoised>()({
  title: 'a number above 0, or false',
  description:
    "The denoised images are clamped to this magnitude, whatever asks for them, as clip_sample of diffusers with use_clipped_model_output. Part of every result's name. false: no, and nothing is said of a folder whose scheduler clips.",
  anyOf: [{ type: 'number', exclusiveMinimum: 0 }, { const: false }]
})

export const NOISE = ref<NoiseValues>('noise')

/** What a network answers, for x_t = alpha x0 + s n. */
export const PREDICTS = { enum: ['epsilon', 'v', 'x0', 'flow'] } as const

export const PREDICTS_WORDS =
  "What it answers: the noise (epsilon), v = alpha n - s x0 (v), the clean image (x0), or a flow's velocity n - x0 (flow), for x_t = alpha x0 + s n."

/** What images are computed in, and on which GPUs. */
export const COMPUTED = {
  precision: {
    description: 'What images are computed in: float16 on cuda and webgpu, bfloat16 on ARM processors.',
    enum: ['float32', 'float16', 'bfloat16'],
    default: 'float32'
  },
  devices: {
    description: 'GPUs of provider cuda, by their numbers: each parallel batch is split between them.',
    type: 'array',
    items: { type: 'integer', minimum: 0 },
    minItems: 1,
    uniqueItems: true
  }
} as const satisfies KeySchemas
