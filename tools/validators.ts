import { Ajv2020 } from 'ajv/dist/2020.js'
import standalone from 'ajv/dist/standalone/index.js'
import { writeFileSync } from 'node:fs'
import { experimentSchema, VOCABULARY } from '../src/experiment/schema.js'
import type { Schema } from '../src/reading/keys.js'
import { partsOf, readyFile, readyMark, referenceOf, VALIDATING, withoutStandIns } from '../src/reading/validators.js'
import { SOLVER_SCHEMA } from '../src/solvers/read.js'

/**
 * Writes the code that compares specs with their schema into dist, so that no command compiles it, which would take a
 * quarter of a second. It is part of the build.
 */
const FOLDER = new URL('../dist/reading/', import.meta.url)

/** A CommonJS module of a schema's validators, with what tells the schema from any other. */
function moduleOf(schema: Schema): string {
  const parts = partsOf(schema)
  const names = Object.fromEntries(parts.map((part, i) => [`part${i}`, referenceOf(schema, part)]))
  const ajv = new Ajv2020({ ...VALIDATING, code: { source: true, optimize: true } })
  const code = standalone.default(ajv.addSchema(withoutStandIns(schema)), names)
  const validators = parts.map((part, i) => `${JSON.stringify(part)}: exports.part${i}`)
  return `${code}\nexports.mark = ${JSON.stringify(readyMark(schema))}\nexports.validators = { ${validators.join(', ')} }\n`
}

for (const schema of [experimentSchema(VOCABULARY), SOLVER_SCHEMA])
  writeFileSync(new URL(readyFile(schema), FOLDER), moduleOf(schema))
