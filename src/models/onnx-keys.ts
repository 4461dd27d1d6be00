import type { EngineOptions } from '../engines/provider.js'
import { mapping, typed, type KeySchemas, type Schema, type ValuesOf } from '../reading/keys.js'
import { LOCATION } from '../reading/location.js'
import { CLIP_DENOISED, COMPUTED, NOISE, PREDICTS, PREDICTS_WORDS, SHAPE } from './shared-keys.js'

const INPUTS = {
  x: { description: 'The noisy images, [batch, channels, height, width].', type: 'string', minLength: 1, needed: true },
  noise: {
    description: 'How noisy they are, one number each or one for all.',
    type: 'string',
    minLength: 1,
    needed: true
  },
  labels: { description: 'Classes, as numbers or one-hot rows.', type: 'string', minLength: 1 }
} as const satisfies KeySchemas

const KEYS = {
  onnx: { ...LOCATION, description: 'The file. Weights beside it are found by their names in it.', needed: true },
  inputs: { ...mapping(INPUTS), description: 'What its inputs are called.', needed: true },
  output: { description: 'What its answer is called; default: its first output.', type: 'string', minLength: 1 },
  predicts: { ...PREDICTS, description: PREDICTS_WORDS, needed: true },
  noise: { ...NOISE, needed: true },
  shape: { ...SHAPE, description: 'Size of a sample, where the file does not fix it.' },
  labels: { description: 'Number of classes, where the file does not tell.', type: 'integer', minimum: 1 },
  engine: {
    ...typed<EngineOptions['engine']>()({ enum: ['auto', 'onnx'] }),
    description: 'What runs it: ONNX Runtime.',
    default: 'auto'
  },
  provider: {
    ...typed<EngineOptions['provider']>()({ enum: ['cuda', 'webgpu', 'cpu'] }),
    description: "What does the engine's work. Without it, the fastest that loads."
  },
  ...COMPUTED,
  clipDenoised: CLIP_DENOISED
} as const satisfies KeySchemas

/** An ONNX file with what it was trained to answer. The file is an absolute path, or an address. */
export type OnnxModelSpec = ValuesOf<typeof KEYS>

export const ONNX_MODEL: Schema = { description: 'An ONNX file with what it was trained to answer.', ...mapping(KEYS) }
