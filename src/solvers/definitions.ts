import type { OptionSchema, SolverDescriptor } from './descriptor.js'
import { SOLVERS, type Solvers } from './registry.js'

/** A JSON Schema as plain data. */
type Schema = Readonly<Record<string, unknown>>

/**
 * The part of a spec's JSON Schema that solvers make, for its `$defs`: `solver` and `teacherSolver`, which are unions, and a definition for
 * each of their branches. It refers to `nfe`, `numSteps`, `schedule` and `axis`, which are defined beside it.
 */
export function solverDefinitions(solvers: Solvers): Record<string, Schema> {
  const teachers = solvers.filter(({ teaches }) => teaches)
  return {
    solver: union(
      'A solver with its time points: give nfe (parallel evaluations) or numSteps (time points).',
      solvers.map(solverKey)
    ),
    ...Object.fromEntries(solvers.map(solver => [solverKey(solver), definition(solver)])),
    teacherSolver: union(
      "A solver for a teacher, whose time points are a refinement of the studied solver's.",
      teachers.map(teacherKey)
    ),
    ...Object.fromEntries(teachers.map(solver => [teacherKey(solver), teacherDefinition(solver)]))
  }
}

/** The key of a solver's definition. One of a plugin begins as no other definition does. */
function solverKey({ name }: SolverDescriptor): string {
  return SOLVERS.some(solver => solver.name === name) ? name : `plugin.${name}`
}

function teacherKey(solver: SolverDescriptor): string {
  const key = solverKey(solver)
  return `teacher${key.charAt(0).toUpperCase()}${key.slice(1)}`
}

function union(description: string, keys: readonly string[]): Schema {
  return {
    title: 'a solver',
    description,
    type: 'object',
    discriminator: { propertyName: 'name' },
    required: ['name'],
    oneOf: keys.map(key => ref(key))
  }
}

/** A solver as a spec writes it, with its time points. */
function definition(solver: SolverDescriptor): Schema {
  const { name, title, options, stopsItself } = solver
  const grid = {
    nfe: { ...ref('nfe'), ...(stopsItself && { description: stopsItself.nfe }) },
    numSteps: { ...ref('numSteps'), ...(stopsItself && { description: stopsItself.numSteps }) },
    schedule: ref('schedule')
  }
  return {
    title: `solver ${name}`,
    description: stopsItself ? title : `${title} ${costOf(solver)}`,
    type: 'object',
    properties: { name: nameSchema(solver), ...grid, ...optionSchemas(Object.entries(options)) },
    required: stopsItself ? ['name', 'nfe'] : ['name'],
    additionalProperties: false,
    // A spec gives nfe or numSteps, not both.
    ...(!stopsItself && { if: { required: ['numSteps'] }, then: { properties: { nfe: false } } })
  }
}

/** A solver that takes a teacher's small steps; its time points are the teacher's. */
function teacherDefinition(solver: SolverDescriptor): Schema {
  const { name, title, options, teaches } = solver
  const shared = Object.entries(options).filter(([option]) => !teaches?.without.includes(option))
  return {
    title: `solver ${name}`,
    description: title,
    type: 'object',
    properties: { name: nameSchema(solver), ...optionSchemas(shared) },
    required: ['name'],
    additionalProperties: false
  }
}

function nameSchema({ name, title }: SolverDescriptor): Schema {
  return { description: title, const: name }
}

/** How many evaluations a solver takes on N time points, in words. */
function costOf({ options, evaluationsAStep, nfeNote = '' }: SolverDescriptor): string {
  const saved = Object.hasOwn(options, 'afs') ? ', one less with afs' : ''
  if (evaluationsAStep === 1) return `nfe = N - 1${saved}${nfeNote}.`
  const last = 'A last step to a noise level of 0 is one evaluation.'
  return `nfe = ${evaluationsAStep}(N - 1)${saved}${nfeNote}. ${last}`
}

/** Options, each of which an axis of the matrix may stand for. */
function optionSchemas(options: readonly (readonly [string, OptionSchema])[]): Record<string, Schema> {
  return Object.fromEntries(options.map(([name, schema]) => [name, withAxis(schema)]))
}

function withAxis(schema: OptionSchema): Schema {
  const { description, default: otherwise } = schema
  const value = Object.fromEntries(Object.entries(schema).filter(([keyword]) => !BESIDE.has(keyword)))
  return {
    description,
    ...(otherwise !== undefined && { default: otherwise }),
    anyOf: [value, ref('axis')]
  }
}

/** Keywords of an option that do not say what its values are. */
const BESIDE = new Set(['description', 'default', 'implied'])

function ref(name: string): { readonly $ref: string } {
  return { $ref: `#/$defs/${name}` }
}
