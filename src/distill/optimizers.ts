import {
  mappingWithAxes,
  orAxis,
  ref,
  tagged,
  typed,
  union,
  type Definitions,
  type KeySchemas,
  type ValuesOf
} from '../reading/keys.js'

/** The options of levenberg-marquardt, with the defaults that do not depend on the student. */
export const LEVENBERG_MARQUARDT = {
  iterations: {
    description: "The most iterations of each step's own fit.",
    type: 'integer',
    minimum: 0,
    maximum: 100000,
    default: 4
  },
  finalIterations: {
    description: 'The most iterations of the fit of all steps together. Default: 1, with learnSigmas 10.',
    type: 'integer',
    minimum: 0,
    maximum: 100000
  }
} as const satisfies KeySchemas

/** The options of adam, with the defaults that do not depend on the student. */
export const ADAM = {
  lr: {
    description:
      'Learning rate: for epd at the start, from where it falls to 0.01 (default 0.2); for amed throughout (default 0.005).',
    type: 'number',
    exclusiveMinimum: 0
  },
  betas: {
    ...typed<readonly [number, number]>()({
      title: 'two numbers from 0 to below 1',
      type: 'array',
      minItems: 2,
      maxItems: 2,
      items: { type: 'number', minimum: 0, exclusiveMaximum: 1 }
    }),
    description: 'Decay of the means of the gradient and of its square.',
    default: [0.9, 0.999]
  },
  batch: { description: 'Trajectories in one iteration.', type: 'integer', minimum: 1, maximum: 65536, default: 32 },
  trajectories: {
    description: 'Trajectories in all, the same ones seen again and again.',
    type: 'integer',
    minimum: 1,
    maximum: 1000000000,
    default: 10000
  }
} as const satisfies KeySchemas

/** The options of least-squares. */
export const LEAST_SQUARES = {
  tolerance: {
    description:
      "How much a step's correction has to lower the mean squared difference to the teacher's next state to be kept.",
    type: 'number',
    minimum: 0,
    default: 1e-4
  }
} as const satisfies KeySchemas

/** An optimizer as a spec writes it, with the defaults that do not depend on the student. */
export type RawOptimizer =
  | ({ readonly name: 'levenberg-marquardt' } & ValuesOf<typeof LEVENBERG_MARQUARDT>)
  | ({ readonly name: 'adam' } & ValuesOf<typeof ADAM>)
  | ({ readonly name: 'least-squares' } & ValuesOf<typeof LEAST_SQUARES>)
  | { readonly name: 'search' }

export const OPTIMIZER = ref<RawOptimizer>('optimizer')

const STEPWISE = "Least squares: each step's parameters for themselves, then all together."
const SEARCH =
  "Optimal Stepsize: time points among those of the teacher, by dynamic programming with Euler's steps; with learnSigmas."
const COORDINATES = 'Linear least squares of the coordinates of pas, step by step.'
const RECIPES = "Adam, by the paper's recipe for epd and by AMED's for amed."

/** The definitions of optimizers: `optimizer`, which is a union, and its branches. */
export const OPTIMIZER_DEFINITIONS: Definitions = {
  optimizer: orAxis({
    title: 'an optimizer',
    description: 'An optimizer with its options.',
    ...union('name', ['levenbergMarquardt', 'adam', 'leastSquares', 'search'])
  }),
  levenbergMarquardt: {
    title: 'optimizer levenberg-marquardt',
    description: STEPWISE,
    ...mappingWithAxes({ name: tagged('levenberg-marquardt', STEPWISE), ...LEVENBERG_MARQUARDT })
  },
  adam: {
    title: 'optimizer adam',
    description: RECIPES,
    ...mappingWithAxes({ name: tagged('adam', RECIPES), ...ADAM })
  },
  leastSquares: {
    title: 'optimizer least-squares',
    description: COORDINATES,
    ...mappingWithAxes({ name: tagged('least-squares', COORDINATES), ...LEAST_SQUARES })
  },
  search: {
    title: 'optimizer search',
    description: SEARCH,
    ...mappingWithAxes({ name: tagged('search', SEARCH) })
  }
}
