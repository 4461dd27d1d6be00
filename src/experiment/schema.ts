import { OPTIMIZER_DEFINITIONS } from '../distill/optimizers.js'
import { EXECUTION_DEFINITIONS } from '../executors/execution-keys.js'
import { metricDefinitions } from '../metrics/definitions.js'
import { FEATURE_DEFINITIONS } from '../metrics/feature-keys.js'
import type { MetricDescriptor } from '../metrics/metric.js'
import { METRICS } from '../metrics/registry.js'
import { CHECKPOINT_MODEL } from '../models/checkpoint-keys.js'
import { COMMAND_MODEL } from '../models/command-keys.js'
import { NOISE_DEFINITIONS } from '../models/noise-keys.js'
import { ONNX_MODEL } from '../models/onnx-keys.js'
import { orAxis, ref, union, type Definitions, type Schema } from '../reading/keys.js'
import { LOCATION_DEFINITIONS } from '../reading/location.js'
import { either } from '../reading/problem.js'
import { compiled, type Compiled } from '../reading/schema.js'
import { SEEDS_DEFINITIONS } from '../reading/seeds.js'
import { solverDefinitions } from '../solvers/definitions.js'
import { SOLVERS, type Solvers } from '../solvers/registry.js'
import { STAGE_KINDS, type StageKinds } from '../stages/registry.js'
import { stageDefinition } from '../stages/spec.js'
import { PROMPTS } from './prompts-keys.js'

/** All that a spec may name. */
export interface Vocabulary {
  readonly kinds: StageKinds
  readonly metrics: readonly MetricDescriptor[]
  readonly solvers: Solvers
}

/** What the project itself has. */
export const VOCABULARY: Vocabulary = { kinds: STAGE_KINDS, metrics: METRICS, solvers: SOLVERS }

let own: Compiled | undefined

/** The compiled schema of specs with a vocabulary. That of the project's own is compiled once. */
export function loadSchema(vocabulary: Vocabulary = VOCABULARY): Compiled {
  const { kinds, metrics, solvers } = vocabulary
  if (kinds !== STAGE_KINDS || metrics !== METRICS || solvers !== SOLVERS) return compiled(experimentSchema(vocabulary))
  return (own ??= compiled(experimentSchema(vocabulary), { isOwn: true }))
}

/** The JSON Schema of specs with a vocabulary, as schemas/experiment.schema.json holds it for editors. */
export function experimentSchema({ kinds, metrics, solvers }: Vocabulary): Schema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'urn:epd-run:experiment',
    title: 'an experiment, a mapping with name, model, solver and stages',
    description:
      'An experiment of epd-run: a model, the solver that is studied, and the stages that distil it, sample with it and score the samples.',
    type: 'object',
    properties: PROPERTIES,
    required: ['name', 'model', 'solver', 'stages'],
    additionalProperties: false,
    $defs: {
      ...COMMON,
      ...LOCATION_DEFINITIONS,
      ...stageDefinitions(kinds),
      ...solverDefinitions(solvers),
      ...OPTIMIZER_DEFINITIONS,
      ...SEEDS_DEFINITIONS,
      ...FEATURE_DEFINITIONS,
      ...metricDefinitions(metrics),
      checkpointModel: CHECKPOINT_MODEL,
      onnxModel: ONNX_MODEL,
      commandModel: COMMAND_MODEL,
      ...NOISE_DEFINITIONS,
      ...EXECUTION_DEFINITIONS
    }
  }
}

const COMMON: Definitions = {
  combinations: {
    title: 'a list of combinations',
    type: 'array',
    items: { title: 'a mapping of values by axis', type: 'object', minProperties: 1 }
  },
  stageName: { title: 'the name of a stage', description: 'The name of another stage.', type: 'string' }
}

function stageDefinitions({ written }: StageKinds): Definitions {
  const names = written.map(({ kind }) => kind)
  return {
    stage: { title: 'a stage', description: `A stage: ${either(names)}.`, ...union('kind', names) },
    ...Object.fromEntries(written.map(({ kind, spec }) => [kind, stageDefinition(kind, spec)]))
  }
}

const MODEL: Schema = {
  description: 'The pretrained diffusion model: a checkpoint, an ONNX file, or a program.',
  type: 'object',
  if: { type: 'object', required: ['onnx'] },
  then: ref('onnxModel'),
  else: {
    if: { type: 'object', required: ['command'] },
    then: ref('commandModel'),
    else: ref('checkpointModel')
  }
}

/** What an axis of the matrix, and what a stage, may be called. */
const NAMES: Schema = {
  title: 'a name of letters, digits, dashes and underscores that begins with a letter',
  pattern: '^[A-Za-z][A-Za-z0-9_-]*$'
}

const PROPERTIES: Definitions = {
  name: {
    title: 'a name of letters, digits, dots, dashes and underscores',
    description: "The experiment's name, as runs are listed by.",
    type: 'string',
    pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$'
  },
  description: { description: 'What the experiment is for, for people.', type: 'string', default: '' },
  model: MODEL,
  plugins: {
    title: 'a list of modules',
    description:
      'Solvers that do not come with the project, each an ES module that exports its descriptor (docs/solvers.md). A stage may name them as it names the others.',
    type: 'array',
    minItems: 1,
    uniqueItems: true,
    items: {
      title: "a path from the spec's folder that ends in .js or .mjs",
      type: 'string',
      pattern: '^[^\\s~\\u0000][^\\u0000]*\\.m?js$'
    }
  },
  prompts: PROMPTS,
  execution: ref('execution'),
  generator: {
    description:
      'Whose random numbers a seed stands for: those that PyTorch draws on a CPU (torch-cpu, to the bit) or on a GPU (torch-cuda, to about 1e-6).',
    enum: ['torch-cpu', 'torch-cuda'],
    default: 'torch-cpu'
  },
  solver: {
    ...orAxis(ref('solverOrUsed')),
    description:
      "The solver that is studied, or a predictor in use. Distill and sample stages take it unless they name their own, and its schedule is every other solver's unless that has one."
  },
  matrix: {
    title: 'a mapping of axes',
    description:
      'Values by name: the solver and the stages are there once for each combination of them, with its value of NAME where they say matrix.NAME. A stage is computed once for all combinations that it does not differ in.',
    type: 'object',
    minProperties: 1,
    properties: {
      include: {
        ...ref('combinations'),
        description:
          'Further combinations; one whose values of the axes some combinations have adds its other values to those.'
      },
      exclude: { ...ref('combinations'), description: 'Combinations to leave out: all that have these values.' }
    },
    propertyNames: NAMES,
    additionalProperties: {
      title: 'a list of values, or values by name',
      type: ['array', 'object'],
      minItems: 1,
      minProperties: 1,
      uniqueItems: true,
      propertyNames: {
        title: 'a name of letters, digits, and . _ + ( ) - that begins with a letter or digit',
        pattern: '^[A-Za-z0-9][A-Za-z0-9._+()-]*$'
      }
    }
  },
  stages: {
    title: 'a mapping of stages by name',
    description:
      'What is done, by name. A stage that names another comes after it, in whatever order they are written.',
    type: 'object',
    minProperties: 1,
    propertyNames: NAMES,
    additionalProperties: ref('stage')
  }
}
