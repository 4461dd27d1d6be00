import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { solverDefinitions } from '../../src/solvers/definitions.js'
import { SOLVERS } from '../../src/solvers/registry.js'

type Schema = Readonly<Record<string, unknown>>

const { $defs } = JSON.parse(readFileSync('schemas/experiment.schema.json', 'utf8')) as {
  $defs: Record<string, Schema>
}
const made = solverDefinitions(SOLVERS)

/** Definitions that options of solvers refer to. */
const SHARED = ['afs', 'maxOrder', 'maxOrder3'].map(name => [`#/$defs/${name}`, name] as const)

/** A schema with those definitions in the place of what refers to them. */
function normalised(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(normalised)
  if (typeof schema !== 'object' || schema === null) return schema
  const { $ref, ...own } = schema as Schema
  const rest = Object.fromEntries(Object.entries(own).map(([key, part]) => [key, normalised(part)]))
  const shared = SHARED.find(([ref]) => ref === $ref)
  return shared
    ? { ...(normalised($defs[shared[1]]) as Schema), ...rest }
    : { ...($ref !== undefined && { $ref }), ...rest }
}

describe('solverDefinitions', () => {
  it.each(Object.keys(made))('makes the definition %s of experiment.schema.json', name => {
    expect(normalised(made[name])).toEqual(normalised($defs[name]))
  })

  it('makes every definition of a solver that the schema has', () => {
    const named = Object.keys($defs).filter(name => String($defs[name].title).startsWith('solver '))
    expect(Object.keys(made)).toEqual(expect.arrayContaining(named))
  })
})
