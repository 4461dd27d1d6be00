import type { SolverDescriptor } from '../../src/solvers/descriptor.js'
import { METHODS } from '../../src/solvers/methods.js'
import { evaluationsOf, parallelNfe } from '../../src/solvers/nfe.js'
import { SOLVERS } from '../../src/solvers/registry.js'
import { code, KEY_HEAD, keyRow, listed, paragraph, table } from './markdown.js'

/** The reference of all solvers, from their descriptors. */
export function solversPage(root: unknown): string {
  return [
    '# Solvers',
    paragraph(
      `A stage names its solver under \`solver\`: ${listed(SOLVERS.map(({ name }) => name))}.`,
      'Every solver but one that stops by itself also has `nfe` (parallel evaluations of one sample) or `numSteps`',
      '(time points, both ends included), and a [`schedule`](../schedules.md).'
    ),
    paragraph(
      '[Concepts](../concepts.md#nfe) says how evaluations are counted,',
      '[Choosing a solver](../choosing.md) what was measured, and',
      '[A solver of your own](../solvers.md) how to add one.'
    ),
    ...SOLVERS.flatMap(solver => sectionOf(root, solver))
  ].join('\n\n')
}

function sectionOf(root: unknown, solver: SolverDescriptor): string[] {
  const options = Object.entries(solver.options)
  return [
    `## ${solver.name}`,
    solver.title,
    table(['property', 'value'], propertiesOf(solver)),
    options.length === 0
      ? 'It has no options.'
      : table(
          KEY_HEAD,
          options.map(([name, schema]) => keyRow(root, name, schema))
        )
  ]
}

function propertiesOf(solver: SolverDescriptor): string[][] {
  const { order, learns, reachesZero, oneByOne, needsFeatures, teaches, stopsItself } = solver
  const isMethod = METHODS.some(method => method.name === solver.name)
  return [
    ['highest order', order === undefined ? 'that of its table' : String(order)],
    ['NFE on N time points', nfeOf(solver)],
    ['last noise level of 0', reachesZero ? 'allowed; the step to it is one evaluation' : 'not allowed'],
    ['what distillation finds', LEARNED[learns]],
    ['as a teacher', teaches ? `allowed${without(teaches.without)}` : 'not allowed'],
    ['as the `base` of `epd`, `amed` and `pas`', isMethod ? 'allowed' : 'not allowed'],
    ...(oneByOne ? [['samples', 'each is solved by itself']] : []),
    ...(needsFeatures ? [['model', 'it must show its bottleneck, as the networks of EDM do']] : []),
    ...(stopsItself
      ? [
          ['`nfe`', stopsItself.nfe],
          ['`numSteps`', stopsItself.numSteps]
        ]
      : [])
  ]
}

const LEARNED = {
  points: 'the parallel points of each step, and with `learnSigmas` the time points',
  network: "a network that predicts each sample's parameters",
  table: 'all numbers of its table',
  weights: 'nothing: it comes from files alone',
  coordinates: "coordinates of each step's direction",
  'time-points': 'the time points, with `learnSigmas`',
  nothing: 'nothing'
} as const satisfies Record<SolverDescriptor['learns'], string>

function without(options: readonly string[]): string {
  return options.length === 0 ? '' : `, without ${listed(options)}`
}

/** NFE as a formula of the number N of time points. */
function nfeOf(solver: SolverDescriptor): string {
  const { evaluationsAStep, options, nfeNote = '', stopsItself } = solver
  if (Object.hasOwn(solver, 'nfe')) return 'its layers'
  if (stopsItself) return 'at most `nfe`'
  const steps = evaluationsAStep === 1 ? 'N - 1' : `${evaluationsAStep}(N - 1)`
  return `${steps}${Object.hasOwn(options, 'afs') ? '; one less with `afs`' : ''}${nfeNote}`
}

/** Time points in the examples of the arithmetic. */
const POINTS = 6

/** How many evaluations each solver takes, as a formula and on six time points. */
export function arithmetic(): string {
  const rows = SOLVERS.map(solver => [code(solver.name), nfeOf(solver), ...examplesOf(solver)])
  return table(['solver', 'NFE', `N = ${POINTS}`, 'with `afs`', 'ending at 0', 'evaluations of one sample'], rows)
}

function examplesOf(solver: SolverDescriptor): string[] {
  const { options, stopsItself, reachesZero } = solver
  if (Object.hasOwn(solver, 'nfe')) return ['its layers', '', 'its layers and one', 'its rows']
  if (stopsItself)
    return ['at most `nfe`', '', 'at most `nfe`', 'at most `nfe` times the window, or the steps where they are fewer']
  const defaults = Object.fromEntries(
    Object.entries(options).map(([name, { default: value, implied }]) => [name, value ?? implied])
  )
  const count = (more: object, zero = false) =>
    String(parallelNfe({ descriptor: solver, options: { ...defaults, ...more } }, POINTS, zero))
  const nfe = parallelNfe({ descriptor: solver, options: defaults }, POINTS)
  const evaluations = evaluationsOf({ descriptor: solver, options: defaults }, { nfe, numSteps: POINTS, zero: false })
  const points = 'points' in options ? ` with ${String(options.points.default)} \`points\`` : ''
  return [
    String(nfe),
    Object.hasOwn(options, 'afs') ? count({ afs: true }) : '',
    reachesZero ? count({}, true) : '',
    `${evaluations}${points}`
  ]
}
