import { OPTIMIZER } from '../distill/optimizers.js'
import { FEATURES } from '../metrics/feature-keys.js'
import { orAxis, ref, typed, type KeySchemas, type ValuesOf } from '../reading/keys.js'
import { SEEDS } from '../reading/seeds.js'
import type { RawSolver } from '../solvers/read.js'
import { STAGE_NAME } from './spec.js'

/** The keys of a distill stage. */
export const DISTILL_KEYS = {
  teacher: { ...STAGE_NAME, description: 'The teacher stage whose trajectories are learned from.', needed: true },
  solver: {
    ...typed<RawSolver>()(orAxis(ref('solver'))),
    description:
      "The student, on its teacher's time points: epd, amed, pas, or with learnSigmas any solver but paradigms. Default: the top-level solver.",
    fixed: true
  },
  learnSigmas: {
    description:
      "Whether the student's interior time points are learned too, from end to end on the final sample, by levenberg-marquardt, or by search; of a solver without parameters they are all that is. Its teacher then only has to have the same ends.",
    type: 'boolean',
    default: false
  },
  validation: {
    ...SEEDS,
    description:
      "Seeds that the student never learns from: the teacher's trajectories of them say when to stop, and how good the result is.",
    needed: true
  },
  optimizer: {
    ...OPTIMIZER,
    description: 'How the parameters are found. Default: levenberg-marquardt, of amed adam, of pas least-squares.'
  },
  objective: {
    description: 'What the loss looks at: the final sample, or the state at every time point.',
    enum: ['final', 'every'],
    default: 'final'
  },
  features: {
    ...FEATURES,
    description:
      "The network whose features of final images the loss compares, as the paper's last step does: 10 times their mean squared difference, images clipped to 0..255. Without it, pixels are compared."
  },
  start: {
    description:
      "Where the parameters start: uniform (points spread evenly in log sigma, equal weights, scales 1; levenberg-marquardt looks from there for the best of many places for each step's points) or normal (N(0, 1), as the paper). Default: uniform with levenberg-marquardt, normal with adam.",
    enum: ['uniform', 'normal']
  },
  startFrom: {
    ...STAGE_NAME,
    description:
      'With learnSigmas of a solver without parameters: a distill stage that has learned as many time points, such as one by search, to start from. Default: the schedule.'
  },
  seed: {
    description: 'Seed of a normal start and of the order of batches.',
    type: 'integer',
    minimum: 0,
    maximum: 4_294_967_295,
    default: 0
  }
} as const satisfies KeySchemas

/** A distill stage as a spec writes it. */
export type RawDistill = ValuesOf<typeof DISTILL_KEYS>
