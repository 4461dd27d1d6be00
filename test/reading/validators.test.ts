import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { experimentSchema, VOCABULARY } from '../../src/experiment/schema.js'
import type { Schema } from '../../src/reading/keys.js'
import { partsOf, readyMark, validatorsOf, type Validators } from '../../src/reading/validators.js'
import { SOLVER_SCHEMA } from '../../src/solvers/read.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const dist = pathToFileURL(join(root, 'dist/')).href
const schema = experimentSchema(VOCABULARY)

/** What the build has written is only taken by the code beside it, that of dist. */
const compiled: unknown = await import(`${dist}reading/validators.js`)
const built = hasValidators(compiled) ? compiled.validatorsOf : expect.fail('dist is not built')

function hasValidators(module: unknown): module is { readonly validatorsOf: typeof validatorsOf } {
  return typeof module === 'object' && module !== null && 'validatorsOf' in module
}

/** A value as the validators leave it, with what they find. */
function seen(validators: Validators, part: string, value: unknown) {
  const filled: unknown = structuredClone(value)
  const validate = validators(part)
  const isRight = validate(filled)
  const errors = (validate.errors ?? []).map(({ keyword, instancePath, params, parentSchema }) => ({
    ...{ keyword, instancePath, parentSchema },
    params: Object.entries(params)
  }))
  return { isRight, filled, errors }
}

const specs = readdirSync(join(root, 'specs')).map((name): unknown =>
  parse(readFileSync(join(root, 'specs', name), 'utf8'), { merge: true })
)
const wrong: unknown[] = [
  {},
  'text',
  { name: 'a b', model: {}, solver: { name: 'nobody' }, stages: { a: { kind: 'sample', sedes: 3 } } },
  {
    name: 'a',
    model: { onnx: 3 },
    solver: { name: 'euler' },
    stages: { a: { kind: 'nothing' } },
    plugins: ['a.js', 'a.js']
  }
]

describe('the code that the build makes of a schema', () => {
  it.each([...specs, ...wrong])('finds and fills in what ajv does: %#', value => {
    const part = ''
    expect(seen(built(schema, { isOwn: true }), part, value)).toEqual(seen(validatorsOf(schema), part, value))
  })

  it.each<[string, Schema]>([
    ['specs', schema],
    ['solvers', SOLVER_SCHEMA]
  ])('is there for each part of the schema of %s, so that ajv is not loaded', (_, own) => {
    const script = `const { validatorsOf } = await import('${dist}reading/validators.js')
      const validators = validatorsOf(${JSON.stringify(own)}, { isOwn: true })
      for (const part of ${JSON.stringify(partsOf(own))}) validators(part)({})
      const { createRequire } = await import('node:module')
      console.log(Object.keys(createRequire('${dist}').cache).filter(path => path.endsWith('2020.js')).length)`
    expect(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })).toBe('0\n')
  })

  it('is not used for another schema of the same name', () => {
    const other = { ...schema, required: ['nothing'] }
    expect(readyMark(other)).not.toBe(readyMark(schema))
    const { errors } = seen(built(other, { isOwn: true }), '', { name: 'a' })
    expect(errors.map(({ params }) => params)).toContainEqual([['missingProperty', 'nothing']])
  })
})

it('a schema that is not the project’s own must be a JSON Schema', () => {
  expect(() => validatorsOf({ $id: 'a', type: 'nothing' })).toThrow('schema is invalid')
})
