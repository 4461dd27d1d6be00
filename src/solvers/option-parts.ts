import type { OptionSchema, OptionSchemas } from './descriptor.js'

/** Option schemas that several solvers have in common. */

export const AFS = {
  description:
    'Analytical first step: the first gradient is taken as x / sqrt(1 + sigma^2), which saves one evaluation.',
  type: 'boolean',
  default: false
} as const satisfies OptionSchema

/** The order of a multistep method, up to `highest`. */
export function maxOrder<Highest extends number>(highest: Highest) {
  return {
    description: `The highest order, reached after as many steps: 1 to ${highest}.`,
    type: 'integer',
    minimum: 1,
    maximum: highest,
    default: highest
  } as const satisfies OptionSchema
}

/** The order of the method that a solver is plugged into, whichever it is. */
export const BASE_ORDER = { type: 'integer', minimum: 1, maximum: 4, default: 3 } as const

export const PREDICTS = {
  description: 'What is interpolated: data (the denoised images) or noise (the gradients).',
  enum: ['data', 'noise'],
  default: 'data'
} as const satisfies OptionSchema

export const THRESHOLDING = {
  description:
    'Whether predicted data are clipped to the 0.995 quantile of their magnitudes, at least 1, and divided by it; of no effect on noise.',
  type: 'boolean',
  default: true
} as const satisfies OptionSchema

/** The thresholding of the method that a solver is plugged into. Results from before there was the option had it on. */
export const BASE_THRESHOLDING = {
  description:
    'Whether a base of dpmpp or unipc clips predicted data, as these solvers do by themselves; not used by others.',
  type: 'boolean',
  implied: true
} as const satisfies OptionSchema

/** What a plug-in gives the method that it is plugged into. */
export const PLUGGED = {
  maxOrder: {
    ...BASE_ORDER,
    description: 'Order of the base, 1 to 4, of dpmpp and unipc 1 to 3; not used by euler.'
  },
  thresholding: BASE_THRESHOLDING
} as const satisfies OptionSchemas

/** Why dynamic thresholding makes a solver of no table. */
export const CLIPS = 'dynamic thresholding clips what the model answers; set thresholding: false'

/** Without a default, which solvers differ in. */
export const LOWER_ORDER_FINAL = {
  title: 'true, false, "below-15" or "last"',
  description:
    'Which of the last steps are of lower order: the order falls to 1 at the last one (true), it does where there are fewer than 15 steps, as lower_order_final of diffusers (below-15), the last one alone is of order 1, as euler_at_final of diffusers (last), or none (false). A step to a noise level of 0 is always of order 1.',
  enum: [true, false, 'below-15', 'last']
} as const satisfies OptionSchema

/** How far something learned may stray from 1, without a description and a default. */
export const SCALE = { type: 'number', minimum: 0, exclusiveMaximum: 1 } as const
