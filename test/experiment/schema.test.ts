import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { experimentSchema, VOCABULARY } from '../../src/experiment/schema.js'
import { load } from './spec.js'

interface Schema {
  description?: string
  default?: unknown
  const?: unknown
  enum?: unknown[]
  $ref?: string
  oneOf?: Schema[]
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  $defs?: Record<string, Schema>
}

const root = JSON.parse(readFileSync('schemas/experiment.schema.json', 'utf8')) as Schema
const definition = (name: string) => root.$defs![name]
/** A schema with what it refers to, and what it is where no axis of a matrix stands. */
const resolved = ({ $ref, anyOf, ...own }: Schema): Schema => ({
  ...($ref === undefined ? {} : resolved(definition($ref.replace('#/$defs/', '')))),
  ...(anyOf === undefined ? {} : resolved(anyOf[0])),
  ...own
})
const mappings = Object.entries({ experiment: root, model: root.properties!.model, ...root.$defs }).flatMap(
  ([name, schema]) => Object.entries(schema.properties ?? {}).map(([key, property]) => ({ name, key, property }))
)

describe('experiment.schema.json', () => {
  it('is what npm run schema makes', () => {
    expect(root).toEqual(experimentSchema(VOCABULARY))
  })

  it.each(mappings)('describes $name.$key', ({ property }) => {
    expect(resolved(property).description).toMatch(/^[A-Z].*\.$|^[a-z].*\.$/)
  })

  it('describes each branch of each union, and tells it by one key', () => {
    const unions = { stage: 'kind', solver: 'name', teacherSolver: 'name', schedule: 'type', optimizer: 'name' }
    for (const [name, tag] of Object.entries(unions)) {
      const branches = resolved(definition(name)).oneOf!.map(resolved)
      expect(branches.map(({ description }) => typeof description)).not.toContain('undefined')
      const tags = branches.map(branch => branch.properties![tag].const)
      expect(new Set(tags).size).toBe(branches.length)
    }
  })

  it('says the defaults that a spec really gets', () => {
    const { model, stages, description } = load(`name: bare
model: { checkpoint: a }
solver: { name: epd, nfe: 5, afs: true, schedule: { type: time_uniform } }
stages:
  teacher: { kind: teacher, solver: { name: heun }, seeds: 0 }
  unnamed: { kind: teacher, seeds: 0 }
  lm: { kind: distill, teacher: teacher, validation: 1 }
  adam: { kind: distill, teacher: teacher, validation: 1, optimizer: { name: adam } }
  euler: { kind: sample, solver: { name: euler, nfe: 5, schedule: { type: polynomial } }, seeds: 0-1 }
  heun: { kind: sample, solver: { name: heun, nfe: 6, schedule: { type: logsnr } }, seeds: 0 }
  dpm2: { kind: sample, solver: { name: dpm2, nfe: 6, schedule: { type: discrete } }, seeds: 0 }
  ipndm: { kind: sample, solver: { name: ipndm, nfe: 5 }, seeds: 0 }
  score: { kind: score, samples: [euler], dataset: { name: shapes16 }, metrics: [frechet-pixels] }
`)
    const by = Object.fromEntries(stages.map(stage => [stage.name, stage]))
    const at = (...path: string[]) => path.reduce((value: unknown, key) => (value as Record<string, unknown>)[key], by)
    const defaults = (schema: Schema) =>
      Object.fromEntries(
        Object.entries(schema.properties!).flatMap(([key, property]) =>
          property.default === undefined ? [] : [[key, property.default]]
        )
      )
    const { generator, ...top } = defaults(root)
    expect({ model, description }).toMatchObject({ model: defaults(definition('checkpointModel')), ...top })
    expect(at('teacher', 'generator')).toBe(generator)
    const { solver: teacherSolver, ...teacher } = defaults(definition('teacher'))
    expect(at('teacher')).toMatchObject(teacher)
    expect(at('unnamed', 'solver')).toMatchObject(teacherSolver as object)
    expect(at('teacher', 'solver')).toMatchObject(defaults(definition('teacherHeun')))
    expect(at('lm')).toMatchObject(defaults(definition('distill')))
    expect(at('lm', 'optimizer')).toMatchObject(defaults(definition('levenbergMarquardt')))
    expect(at('adam', 'optimizer')).toMatchObject(defaults(definition('adam')))
    expect(at('lm', 'student')).toMatchObject(defaults({ properties: without('afs', definition('epd')) }))
    for (const name of ['euler', 'heun', 'dpm2', 'ipndm']) {
      expect(at(name)).toMatchObject(defaults(definition('sample')))
      expect(at(name, 'solver')).toMatchObject(defaults(definition(name)))
    }
    expect(at('euler', 'solver', 'schedule')).toMatchObject(defaults(definition('polynomial')))
    expect(at('heun', 'solver', 'schedule')).toMatchObject(defaults(definition('logsnr')))
    expect(at('dpm2', 'solver', 'schedule')).toMatchObject(defaults(definition('discrete')))
    expect(at('ipndm', 'solver', 'schedule')).toMatchObject(defaults(definition('time_uniform')))
    expect(at('score', 'dataset')).toMatchObject(defaults(root.$defs!.score.properties!.dataset))
  })
})

function without(key: string, { properties }: Schema): Record<string, Schema> {
  return Object.fromEntries(Object.entries(properties!).filter(([name]) => name !== key))
}
