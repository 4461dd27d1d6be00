import { mapping, tagged, union, type Definitions, type KeySchemas, type ValuesOf } from '../reading/keys.js'

const SIGMA = {
  type: tagged('sigma', 'alpha = 1 and s = sigma (variance exploding).'),
  told: {
    description: 'What the network is told: sigma, its natural logarithm (log), or a quarter of that (quarter-log).',
    enum: ['sigma', 'log', 'quarter-log'],
    default: 'sigma'
  },
  sigmaMin: { description: 'The least noise that it knows.', type: 'number', minimum: 0, default: 0.002 },
  sigmaMax: { description: 'The most.', type: 'number', exclusiveMinimum: 0, default: 80 }
} as const satisfies KeySchemas

const BETAS = {
  schedule: {
    description:
      'linear (Ho et al. 2020), scaled-linear (their roots are; latent diffusion), cosine (Nichol & Dhariwal 2021), or sigmoid, exponential and laplace as diffusers has them.',
    enum: ['linear', 'scaled-linear', 'cosine', 'sigmoid', 'exponential', 'laplace'],
    default: 'linear'
  },
  start: {
    description: "The first step's.",
    type: 'number',
    exclusiveMinimum: 0,
    exclusiveMaximum: 1,
    default: 0.0001
  },
  end: { description: "The last step's.", type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1, default: 0.02 },
  steps: { description: 'How many there are.', type: 'integer', minimum: 2, maximum: 100000, default: 1000 },
  zeroTerminal: {
    description:
      'Whether the chain is moved and stretched so that its last step is noise alone (Lin et al. 2023); default: false.',
    type: 'boolean'
  }
} as const satisfies KeySchemas

const STEPS = {
  type: tagged('steps', 'alpha^2 + s^2 = 1, at the steps of a chain; the network is told the step, from 0.'),
  betas: { ...mapping(BETAS), description: 'How much noise each step adds.', default: {} },
  rounding: {
    description:
      'What becomes of a step that is not whole: it is told as it is (none), or the nearest whole one is told (nearest), as DPM-Solver, UniPC and DEIS of diffusers do with use_karras_sigmas. Default: none. A network that looks its step up in a table takes nearest: distillation then takes what lies between its answers to two steps.',
    enum: ['none', 'nearest']
  }
} as const satisfies KeySchemas

const FLOW = {
  type: tagged('flow', 'alpha = 1 - t and s = t (flow matching, rectified flow); the network is told t.'),
  times: {
    description: 'What t is multiplied by before the network is told.',
    type: 'number',
    exclusiveMinimum: 0,
    default: 1
  },
  first: {
    description: 'The least t that is solved to.',
    type: 'number',
    exclusiveMinimum: 0,
    exclusiveMaximum: 1,
    default: 0.001
  },
  last: {
    description:
      'The t that is solved from. With 1, where sigma = t / (1 - t) is infinite, the network also knows t = 1, at which the schedule flowmatch begins; all others then begin at 0.999.',
    type: 'number',
    exclusiveMinimum: 0,
    maximum: 1,
    default: 0.999
  }
} as const satisfies KeySchemas

/** The noisy images that a network was trained on, as a spec says it, with its defaults. */
export type NoiseValues = ValuesOf<typeof SIGMA> | ValuesOf<typeof STEPS> | ValuesOf<typeof FLOW>

/** The definitions of noise: `noise`, which is a union, and its branches. */
export const NOISE_DEFINITIONS: Definitions = {
  noise: {
    description:
      'The noisy images that the network was trained on, x_t = alpha x0 + s n, and how it is told how noisy they are.',
    ...union('type', ['noiseSigma', 'noiseSteps', 'noiseFlow'])
  },
  noiseSigma: mapping(SIGMA),
  noiseSteps: mapping(STEPS),
  noiseFlow: mapping(FLOW)
}
