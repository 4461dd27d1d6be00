import { namesOf, RUNNERS } from '../engines/registry.js'
import { mapping, typed, type KeySchemas, type Schema, type ValuesOf } from '../reading/keys.js'
import { LOCATION } from '../reading/location.js'
import { CLIP_DENOISED, COMPUTED, SHAPE } from './shared-keys.js'

const GUIDANCE = {
  classifier: {
    ...LOCATION,
    description:
      'A classifier of noisy images: its state dict as guided-diffusion publishes it, such as 256x256_classifier.pt.'
  },
  scale: {
    description: 'How strongly it leads; Stable Diffusion is mostly used with 7.5.',
    type: 'number',
    exclusiveMinimum: 0,
    default: 1
  },
  negative: { description: 'The prompt that samples are led away from.', type: 'string', default: '' }
} as const satisfies KeySchemas

const NAMES = namesOf(RUNNERS)

const KEYS = {
  checkpoint: {
    ...LOCATION,
    description:
      "The model's file or folder: an EDM snapshot, guided-diffusion, consistency models, latent diffusion or Stable Diffusion (.ckpt, .zip, .safetensors), or a folder of diffusers.",
    needed: true
  },
  variant: {
    description:
      'Which weights of a folder of diffusers are read, as its files name them: fp16, bf16, non_ema, or another. Without it, those without a name, or fp16 where there are no others.',
    type: 'string',
    pattern: '^[A-Za-z0-9_-]+$'
  },
  shape: {
    ...SHAPE,
    description: 'Size of a sample, where the checkpoint does not fix it, as a sample_size of null does not.'
  },
  weights: {
    description:
      'Which network of a file that holds several: the key that leads to it (ema, model, ...), or what the names of its tensors begin with.',
    type: 'string',
    minLength: 1
  },
  engine: {
    description:
      'What runs the network: onnx (ONNX Runtime), tfjs (TensorFlow.js), or the fastest that loads. epd-run doctor shows them all.',
    ...typed<string>()({ enum: NAMES.engines }),
    default: 'auto'
  },
  provider: {
    description:
      "What does the engine's work. Without it, the fastest that loads. epd-run doctor shows those of each engine.",
    ...typed<string>()({ enum: NAMES.providers })
  },
  ...COMPUTED,
  guidance: {
    ...mapping(GUIDANCE),
    description:
      'How strongly samples are led to their condition. With a classifier: by its gradient (Dhariwal & Nichol 2021), which is not counted in NFE. Without one, for a model that reads prompts: away from what the prompt negative would lead to (Ho & Salimans 2022), which counts twice. So it does for a model of classes that was trained with some left out (label_dropout above 0 among its arguments): away from what no class would lead to.'
  },
  clipDenoised: CLIP_DENOISED,
  rounding: {
    description:
      'What becomes of a step that is not whole: it is told as it is (none), or the nearest whole one is told (nearest), as DPM-Solver, UniPC and DEIS of diffusers do with use_karras_sigmas. Default: none.',
    enum: ['none', 'nearest']
  }
} as const satisfies KeySchemas

/** A checkpoint of a network that is known. Files are absolute paths, or addresses. */
export type CheckpointModelSpec = ValuesOf<typeof KEYS>

export const CHECKPOINT_MODEL: Schema = { description: 'A checkpoint of a network that is known.', ...mapping(KEYS) }
