import { mapping, type KeySchemas, type Schema, type ValuesOf } from '../reading/keys.js'
import { LOCATION } from '../reading/location.js'

const COLUMN = {
  csv: { ...LOCATION, description: 'A CSV file with a line of names first.', needed: true },
  column: { description: 'The column that holds the prompts.', type: 'string', default: 'text' }
} as const satisfies KeySchemas

/** Prompts by themselves, or a column of a CSV file (an absolute path, or an address). */
export type PromptsSpec = readonly string[] | ValuesOf<typeof COLUMN>

export const PROMPTS: Schema = {
  title: 'a list of prompts, or { csv: ... }',
  description:
    'What a model that reads prompts is given: the sample of seed i gets prompt i, from the first again when they are used up.',
  if: { type: 'array' },
  then: { title: 'a list of texts', type: 'array', minItems: 1, items: { type: 'string' } },
  else: { title: 'a list of prompts, or { csv: ... }', ...mapping(COLUMN) }
}
