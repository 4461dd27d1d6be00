import type { OptionSchema, SolverDescriptor } from './descriptor.js'
import type { Solvers } from './registry.js'

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
      solvers.map(({ name }) => name)
    ),
    ...Object.fromEntries(solvers.map(solver => [solver.name, definition(solver)])),
    teacherSolver: union(
      "A solver for a teacher, whose time points are a refinement of the studied solver's.",
      teachers.map(({ name }) => teacherName(name))
    ),
    ...Object.fromEntries(teachers.map(solver => [teacherName(solver.name), teacherDefinition(solver)]))
  }
}

function teacherName(name: string): string {
  return `teacher${name.charAt(0).toUpperCase()}${name.slice(1)}`
}

function union(description: string, names: readonly string[]): Schema {
  return {
    title: 'a solver',
    description,
    type: 'object',
    discriminator: { propertyName: 'name' },
    required: ['name'],
    oneOf: names.map(name => ref(name))
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

function withAxis({ description, default: otherwise, implied: _, ...value }: OptionSchema): Schema {
  return {
    description,
    ...(otherwise !== undefined && { default: otherwise }),
    anyOf: [value, ref('axis')]
  }
}

function ref(name: string): { readonly $ref: string } {
  return { $ref: `#/$defs/${name}` }
}
