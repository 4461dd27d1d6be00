import { writeFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { experimentSchema, VOCABULARY } from '../src/experiment/schema.js'

/** Writes the JSON Schema that editors read, from what the stages, solvers, metrics and models say of themselves. */
const FILE = 'schemas/experiment.schema.json'
const text = JSON.stringify(experimentSchema(VOCABULARY))
writeFileSync(FILE, await format(text, { ...(await resolveConfig(FILE)), parser: 'json' }))
