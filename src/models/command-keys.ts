import { mapping, typed, type KeySchemas, type Schema, type ValuesOf } from '../reading/keys.js'
import { CLIP_DENOISED, NOISE, PREDICTS, PREDICTS_WORDS, SHAPE } from './shared-keys.js'

const KEYS = {
  command: {
    title: 'a list of a program and its arguments',
    description: "The program with its arguments, started in the spec's folder; no shell looks at them.",
    type: 'array',
    items: { title: 'a text without NUL characters', type: 'string', pattern: '^[^\\u0000]*$' },
    minItems: 1,
    needed: true
  },
  version: {
    ...typed<string | number>()({ title: 'a text', type: ['string', 'number'] }),
    description:
      'The version of the program and its weights. It stands in the name of every result: change it when they change.',
    needed: true
  },
  shape: {
    ...SHAPE,
    description: 'Size of a sample. Left out where the program says itself what it is (docs/command.md).'
  },
  labels: { description: 'Number of classes; default: what the program says, or 0.', type: 'integer', minimum: 0 },
  predicts: { ...PREDICTS, description: `${PREDICTS_WORDS} Default: what the program says, or x0.` },
  noise: {
    ...NOISE,
    description:
      'The noisy images that the program expects. Default: what the program says, or sigma itself, from 0.002 to 80.'
  },
  timeout: {
    description: 'Seconds without a byte of an answer after which the program counts as hung.',
    type: 'number',
    exclusiveMinimum: 0,
    default: 600
  },
  clipDenoised: CLIP_DENOISED
} as const satisfies KeySchemas

/** A program that evaluates the model. */
export type CommandModelSpec = ValuesOf<typeof KEYS>

export const COMMAND_MODEL: Schema = {
  description: 'A program that evaluates the model; docs/command.md has what it reads and writes.',
  ...mapping(KEYS)
}
