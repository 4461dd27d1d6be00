import {
  mappingWithAxes,
  orAxis,
  ref,
  tagged,
  union,
  type Definitions,
  type KeySchemas,
  type Schema
} from '../reading/keys.js'
import type { SolverDescriptor } from './descriptor.js'
import { SOLVERS, type Solvers } from './registry.js'
import { scheduleDefinitions, SCHEDULE } from './schedule-keys.js'

/** A value or an axis of the matrix, whose value is put in before anything else is checked. */
const AXIS: Schema = {
  description: 'The value that an axis of the matrix has: matrix.NAME.',
  type: 'string',
  pattern: '^matrix\\.[A-Za-z][A-Za-z0-9_-]*$'
}

/**
 * The definitions of a spec's JSON Schema that solvers make: `solver` and `teacherSolver`, which are unions, a
 * definition for each of their branches, and what solvers have in common.
 */
export function solverDefinitions(solvers: Solvers): Definitions {
  const teachers = solvers.filter(({ teaches }) => teaches)
  return {
    axis: AXIS,
    ...USES,
    solver: {
      title: 'a solver',
      description: 'A solver with its time points: give nfe (parallel evaluations) or numSteps (time points).',
      ...union('name', solvers.map(solverKey))
    },
    ...Object.fromEntries(solvers.map(solver => [solverKey(solver), definition(solver)])),
    teacherSolver: {
      title: 'a solver',
      description: "A solver for a teacher, whose time points are a refinement of the studied solver's.",
      ...union('name', teachers.map(teacherKey))
    },
    ...Object.fromEntries(teachers.map(solver => [teacherKey(solver), teacherDefinition(solver)])),
    ...GRID_DEFINITIONS,
    ...scheduleDefinitions()
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

const NFE = ref<number>('nfe')
const NUM_STEPS = ref<number>('numSteps')

/** Numbers that say how many time points a solver has. */
const GRID_DEFINITIONS: Definitions = {
  nfe: orAxis({
    description:
      'Parallel evaluations of the model for one sample. Give this or numSteps; neither with an explicit schedule.',
    type: 'integer',
    minimum: 1,
    maximum: 10_000
  }),
  numSteps: orAxis({
    description: 'Time points, both ends included. Give this or nfe; neither with an explicit schedule.',
    type: 'integer',
    minimum: 2,
    maximum: 10_000
  })
}

const GRID = { nfe: NFE, numSteps: NUM_STEPS, schedule: SCHEDULE } as const satisfies KeySchemas

/** A spec gives nfe or numSteps, not both. */
const ONE_OF_BOTH: Schema = { if: { required: ['numSteps'] }, then: { properties: { nfe: false } } }

/** Solvers in use with what was learned for them. */
const USES: Definitions = {
  solverOrUsed: {
    title: 'a solver, or { from: ... }',
    if: { type: 'object', required: ['from'] },
    then: ref('used'),
    else: ref('solver')
  },
  used: {
    title: 'a predictor in use',
    description:
      'A solver with what was learned for it, on the time points that it was distilled for. Other ones are an error, or with --allow-mismatch a warning: each step then takes the parameters of the nearest one.',
    ...mappingWithAxes({
      from: {
        title: 'predictor:NAME, or the name of a distill stage',
        description:
          'What was learned: predictor:NAME, with the name of one that was imported or published or RUN/STAGE for what a run has distilled; or the name of a distill stage.',
        type: 'string',
        minLength: 1,
        needed: true,
        fixed: true
      },
      ...GRID
    }),
    ...ONE_OF_BOTH
  }
}

/** A solver as a spec writes it, with its time points. */
function definition(solver: SolverDescriptor): Schema {
  const { name, title, options, stopsItself } = solver
  const grid = stopsItself
    ? {
        nfe: { ...NFE, description: stopsItself.nfe, needed: true as const },
        numSteps: { ...NUM_STEPS, description: stopsItself.numSteps },
        schedule: SCHEDULE
      }
    : GRID
  return {
    title: `solver ${name}`,
    description: stopsItself ? title : `${title} ${costOf(solver)}`,
    ...mappingWithAxes({ name: tagged(name, title), ...grid, ...options }),
    ...(!stopsItself && ONE_OF_BOTH)
  }
}

/** A solver that takes a teacher's small steps; its time points are the teacher's. */
function teacherDefinition({ name, title, options, teaches }: SolverDescriptor): Schema {
  const shared = Object.entries(options).filter(([option]) => !teaches?.without.includes(option))
  return {
    title: `solver ${name}`,
    description: title,
    ...mappingWithAxes({ name: tagged(name, title), ...Object.fromEntries(shared) })
  }
}

/** How many evaluations a solver takes on N time points, in words. */
function costOf({ options, evaluationsAStep, nfeNote = '' }: SolverDescriptor): string {
  const saved = Object.hasOwn(options, 'afs') ? ', one less with afs' : ''
  if (evaluationsAStep === 1) return `nfe = N - 1${saved}${nfeNote}.`
  const last = 'A last step to a noise level of 0 is one evaluation.'
  return `nfe = ${evaluationsAStep}(N - 1)${saved}${nfeNote}. ${last}`
}
