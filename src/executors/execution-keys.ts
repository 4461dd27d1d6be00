import { mapping, ref, tagged, union, type Definitions, type KeySchemas, type ValuesOf } from '../reading/keys.js'
import { EXECUTORS } from './registry.js'

/** The keys of `execution` that all executors have. */
const KEYS = {
  jobs: {
    title: 'a number of workers',
    description: 'Workers at once. By default one for each device of `local`, and as many as Slurm lets run.',
    type: 'integer',
    minimum: 1
  },
  evaluations: {
    title: 'a number of evaluations',
    description:
      'About how many evaluations of the model one worker is to do, all samples together, before another takes over; 20,000 unless it is said. It should be some minutes of work.',
    type: 'integer',
    minimum: 1
  },
  retries: {
    title: 'a number of times',
    description:
      'How often what a worker was lost with is given out again before its stage fails; 3 unless it is said.',
    type: 'integer',
    minimum: 0
  },
  deadline: {
    title: 'a number of seconds',
    description:
      'Seconds after which a worker that runs and has left nothing new is ended, and what it was at given out again; by default there is no such limit.',
    type: 'integer',
    minimum: 1
  },
  scratch: {
    title: 'a folder',
    description:
      "A folder on each machine's own disk, where its workers share copies of the checkpoint, of weights and of compiled graphs, and keep what each alone needs. It may name variables of the machine, such as $TMPDIR. By default nothing is copied.",
    type: 'string',
    minLength: 1
  }
} as const satisfies KeySchemas

/** How and where stages are run, which no result depends on: an executor's name, with its keys and those of all. */
export type ExecutionSpec = ValuesOf<typeof KEYS> & {
  readonly executor: string
  readonly [key: string]: unknown
}

export const EXECUTION_DEFINITIONS: Definitions = {
  execution: {
    title: 'a mapping with executor',
    description:
      'Where stages are computed when that is not within this process (docs/clusters.md). No result depends on it, and a flag or a file epd-run.config.yaml can say it too.',
    ...union(
      'executor',
      EXECUTORS.map(({ name }) => definitionOf(name))
    )
  },
  ...Object.fromEntries(
    EXECUTORS.map(({ name, description, keys }) => [
      definitionOf(name),
      {
        title: `execution by ${name}`,
        description,
        ...mapping({ executor: tagged(name, description), ...KEYS, ...keys })
      }
    ])
  ),
  configuration: {
    title: 'a mapping with execution',
    description: 'What a file epd-run.config.yaml says.',
    type: 'object',
    properties: { execution: ref('execution') },
    additionalProperties: false
  }
}

/** The part of the schema that says what a configuration file may hold. */
export const CONFIGURATION = ref<{ readonly execution?: ExecutionSpec }>('configuration')

function definitionOf(name: string): string {
  return `${name}Execution`
}
