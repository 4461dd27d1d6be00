import {
  mappingWithAxes,
  orAxis,
  ref,
  tagged,
  union,
  type Definitions,
  type KeySchemas,
  type Schema,
  type ValuesOf
} from '../reading/keys.js'
import type { ScheduleType } from './schedule.js'

/** The ends of schedules that a formula spaces. */
const ENDS = {
  sigmaMin: {
    description:
      "Noise level of the last time point above 0. Default: the model's own, the first step of a chain or the first time of a flow; 0.002 of an EDM model.",
    type: 'number',
    exclusiveMinimum: 0
  },
  sigmaMax: {
    description:
      "Noise level of the first time point. Default: the model's own, the last step of a chain or the last time of a flow; 80 of an EDM model.",
    type: 'number',
    exclusiveMinimum: 0
  },
  finalSigma: {
    description:
      'What comes last: sigma-min, the noise level sigmaMin, or zero, a noise level of 0 after it, which is one of numSteps and which every solver reaches by one denoised step (final_sigmas_type of diffusers, append_zero of k-diffusion). Default: sigma-min.',
    enum: ['sigma-min', 'zero']
  }
} as const satisfies KeySchemas

const NOISE_SCALE = {
  description:
    "What latents are multiplied by at the first time point: sigma, as in the paper's code, or sqrt(sigma^2 + 1) (unit-variance), as diffusers' DDIM, DPM-Solver, UniPC and DEIS begin on chains. Teacher, student and samples share it. Default: sigma.",
  enum: ['sigma', 'unit-variance']
} as const

const PRECISION = {
  description:
    "float64 has the exact time points, float32 those that the paper's code computes in single precision, which are what its published predictors were distilled on. Default: float64, for a predictor in use its own.",
  enum: ['float64', 'float32']
} as const

const RHO = { type: 'number', exclusiveMinimum: 0 } as const

const EXPLICIT = {
  sigmas: {
    description: 'Noise levels, falling; the last may be 0, which every solver reaches by one denoised step.',
    examples: [
      [80, 20, 5, 1, 0.002],
      [14.6146, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029, 0]
    ],
    title: 'a list of noise levels',
    type: 'array',
    items: { type: 'number', minimum: 0 },
    minItems: 1,
    maxItems: 10000
  },
  times: {
    description:
      'Times t of a flow, falling from 1 at most, where the image is noise alone, to 0 at the least; sigma = t / (1 - t).',
    examples: [[1, 0.9, 0.75, 0.5, 0]],
    title: 'a list of times of a flow',
    type: 'array',
    items: { type: 'number', minimum: 0, maximum: 1 },
    minItems: 1,
    maxItems: 10000
  },
  timesteps: {
    description:
      "What the model's network is told, falling: steps of a chain, counted from 0, or times of a flow, whole or not. Step 0 is the chain's least noise, not none: finalSigma says whether a noise level of 0 follows.",
    examples: [[901, 801, 701, 601, 501, 401, 301, 201, 101, 1, 0]],
    title: 'a list of timesteps',
    type: 'array',
    items: { type: 'number', minimum: 0 },
    minItems: 1,
    maxItems: 10000
  },
  finalSigma: {
    description:
      "What comes last: sigma-min, the last of those given, or zero, a noise level of 0 after it (set_alpha_to_one of diffusers' DDIM). Default: sigma-min.",
    enum: ['sigma-min', 'zero']
  },
  noiseScale: NOISE_SCALE
} as const satisfies KeySchemas

const FLOWMATCH = {
  shift: {
    description: "How far times are moved towards noise, t' = shift t / (1 + (shift - 1) t). Default: 1, not at all.",
    type: 'number',
    exclusiveMinimum: 0
  },
  mu: {
    description: "The logarithm of the shift, in its place: time_shift of diffusers' schedulers with dynamic shifting.",
    type: 'number'
  },
  shifted: {
    description:
      "once shifts evenly spaced times. twice first shifts the ends of the range, and then each time between the shifted ends, as set_timesteps of diffusers' FlowMatchEulerDiscreteScheduler does without dynamic shifting and without a list of sigmas (Stable Diffusion 3). Default: once.",
    enum: ['once', 'twice']
  },
  last: {
    description:
      "The last time above 0 before it is shifted. Default: 0.001, the first of a flow's 1000 training steps; 1 / N, with N time points above 0, is what diffusers' pipeline of FLUX takes.",
    type: 'number',
    exclusiveMinimum: 0,
    exclusiveMaximum: 1
  },
  finalSigma: {
    description:
      'What comes last: sigma-min, the last time above 0, or zero, t = 0 after it, which is one of numSteps and which every solver reaches by one denoised step. Default: sigma-min.',
    enum: ['sigma-min', 'zero']
  }
} as const satisfies KeySchemas

const FLOWMATCH_WORDS =
  'The times t of flow matching fall evenly from 1, where the image is noise alone, and are shifted; sigma = t / (1 - t). It needs a solver with coordinates: flow, and a flow that knows t = 1.'

interface Spacing {
  readonly description: string
  readonly rho: { readonly description: string; readonly default: number }
}

const SPACINGS: Readonly<Record<ScheduleType, Spacing>> = {
  polynomial: {
    description: 'sigma^(1/rho) falls evenly (EDM).',
    rho: { description: 'Exponent of the spacing; larger puts more points at low noise.', default: 7 }
  },
  logsnr: { description: 'log sigma falls evenly.', rho: { description: 'Not used by logsnr.', default: 7 } },
  time_uniform: {
    description: 't^(1/rho) falls evenly in the time of a variance-preserving SDE whose noise meets both ends.',
    rho: { description: 'Exponent of the spacing in time.', default: 1 }
  },
  discrete: {
    description: 'As time_uniform, in the time that the model itself was trained in.',
    rho: { description: 'Exponent of the spacing in time.', default: 1 }
  }
}

/** A schedule as a spec writes it, with its defaults. */
export type RawSchedule = RawSpaced | RawFlow | RawExplicit

/** A schedule that a formula spaces, as a spec writes it. */
export type RawSpaced = { readonly type: ScheduleType; readonly rho: number } & ValuesOf<
  typeof ENDS & { readonly precision: typeof PRECISION; readonly noiseScale: typeof NOISE_SCALE }
>

/** A schedule of flow matching, as a spec writes it. */
export type RawFlow = { readonly type: 'flowmatch'; readonly noiseScale?: undefined } & ValuesOf<typeof FLOWMATCH>

/** A list of time points, as a spec writes it. */
export type RawExplicit = { readonly type: 'explicit' } & ValuesOf<typeof EXPLICIT>

const EXPLICIT_WORDS = 'The time points one by one, as noise levels, as times of a flow or as timesteps of the model.'

export const SCHEDULE = ref<RawSchedule>('schedule')

/** The definitions of schedules: `schedule`, which is a union, and its branches. */
export function scheduleDefinitions(): Definitions {
  const spaced = Object.entries(SPACINGS).map(([name, spacing]): [string, Schema] => [name, definition(name, spacing)])
  return {
    schedule: orAxis({
      title: 'a schedule',
      description:
        "The time points. Default: the top-level solver's schedule; there, time_uniform with rho 1 over the model's range. docs/schedules.md has the formulas, and which settings of diffusers and k-diffusion they are.",
      examples: [
        { type: 'polynomial', rho: 7, finalSigma: 'zero' },
        {
          type: 'explicit',
          timesteps: [901, 801, 701, 601, 501, 401, 301, 201, 101, 1, 0],
          noiseScale: 'unit-variance'
        }
      ],
      ...union('type', [...Object.keys(SPACINGS), 'flowmatch', 'explicit'])
    }),
    ...Object.fromEntries(spaced),
    flowmatch: {
      title: 'schedule flowmatch',
      description: FLOWMATCH_WORDS,
      ...mappingWithAxes({ type: tagged('flowmatch', FLOWMATCH_WORDS), ...FLOWMATCH })
    },
    explicit: {
      title: 'schedule explicit',
      description: `${EXPLICIT_WORDS} nfe and numSteps follow from them.`,
      ...mappingWithAxes({ type: tagged('explicit', EXPLICIT_WORDS), ...EXPLICIT })
    }
  }
}

function definition(name: string, { description, rho }: Spacing): Schema {
  return {
    title: `schedule ${name}`,
    description,
    ...mappingWithAxes({
      type: tagged(name, description),
      rho: { ...RHO, ...rho },
      ...ENDS,
      // The time points of discrete are the model's own.
      ...(name !== 'discrete' && { precision: PRECISION }),
      noiseScale: NOISE_SCALE
    })
  }
}
