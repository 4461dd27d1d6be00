import type { GeneratorName } from '../random/latents.js'
import { nearestNfe, numStepsFor, parallelNfe } from '../solvers/nfe.js'
import { schedule as timePoints } from '../solvers/schedule.js'
import type { ScheduleSpec, SolverSpec, StageKind } from './experiment.js'
import { references } from './graph.js'
import { child, isMapping } from './plain.js'
import { either, expected, type Path, type Report } from './problem.js'
import type { RawSolver } from './raw.js'
import type { Schema } from './schema.js'
import { parseSeeds } from './seeds.js'

const DEFAULT_SCHEDULE: ScheduleSpec = { type: 'time_uniform', rho: 1, sigmaMin: 0.002, sigmaMax: 80 }
const KINDS: readonly unknown[] = ['teacher', 'distill', 'sample', 'score'] satisfies StageKind[]

/** What can be told from single values, whatever is wrong around them. Absent: wrong, and reported. */
export interface Parts {
  /** Every stage that the spec has, whatever it holds. */
  readonly written: ReadonlyMap<string, unknown>
  readonly generator: GeneratorName
  /** The top-level solver. */
  readonly studied?: SolverSpec
  /** The solvers with time points that stages have of their own, by stage. */
  readonly solvers: ReadonlyMap<string, SolverSpec>
  readonly seeds: ReadonlyMap<string, readonly number[]>
  readonly validations: ReadonlyMap<string, readonly number[]>
}

export function readParts(spec: unknown, schema: Schema, report: Report): Parts {
  const stages = child(spec, 'stages')
  const written = new Map(isMapping(stages) ? Object.entries(stages) : [])
  reportReferences(written, report)
  const top = child(spec, 'solver')
  const schedule = schema.isSolver(top) ? (top.schedule ?? DEFAULT_SCHEDULE) : DEFAULT_SCHEDULE
  const solverAt = (raw: unknown, path: Path) =>
    schema.isSolver(raw) ? resolveSolver(raw, path, schedule, report) : undefined
  const ofEach = <Part>(key: string, read: (value: unknown, path: Path) => Part | undefined) =>
    new Map(
      [...written].flatMap(([name, raw]) => {
        const part = read(child(raw, key), ['stages', name, key])
        return part === undefined ? [] : [[name, part] as const]
      })
    )
  return {
    written,
    generator: child(spec, 'generator') === 'torch-cuda' ? 'torch-cuda' : 'torch-cpu',
    studied: solverAt(top, ['solver']),
    solvers: ofEach('solver', solverAt),
    seeds: ofEach('seeds', (value, path) => seedsAt(value, path, schema, report)),
    validations: ofEach('validation', (value, path) => seedsAt(value, path, schema, report))
  }
}

/** Names of stages that are not there, or not of the kind that is needed. */
function reportReferences(written: ReadonlyMap<string, unknown>, report: Report): void {
  for (const [stage, raw] of written) {
    for (const { path, to, kind } of references(raw)) {
      const found = child(written.get(to), 'kind')
      if (found === kind) continue
      const names = [...written].filter(([, other]) => child(other, 'kind') === kind).map(([name]) => name)
      const what = `${path[0] === 'solver' ? 'a solver or ' : ''}the name of a ${kind} stage (${names.length === 0 ? 'there is none' : either(names)})`
      if (!written.has(to)) report(['stages', stage, ...path], expected(what, to, names))
      else if (KINDS.includes(found))
        report(['stages', stage, ...path], `${expected(what, to)}, a ${String(found)} stage`)
    }
  }
}

function seedsAt(value: unknown, path: Path, schema: Schema, report: Report): number[] | undefined {
  if (!schema.isSeeds(value)) return undefined
  try {
    return parseSeeds(value)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    report(path, error.message)
    return undefined
  }
}

function resolveSolver(raw: RawSolver, path: Path, inherited: ScheduleSpec, report: Report): SolverSpec | undefined {
  const sound = raw.schedule === undefined || checkSchedule(raw.schedule, [...path, 'schedule'], report)
  if (raw.name === 'paradigms') {
    const { schedule = inherited, nfe, numSteps, ...solver } = raw
    return sound && nfe !== undefined && numSteps !== undefined ? { ...solver, schedule, nfe, numSteps } : undefined
  }
  if (raw.name === 'epd' && raw.maxOrder > 3 && (raw.base === 'dpmpp' || raw.base === 'unipc'))
    report([...path, 'maxOrder'], expected(`a whole number from 1 to 3 with base ${raw.base}`, raw.maxOrder))
  const { nfe, numSteps: points, schedule = inherited, ...solver } = raw
  const numSteps = points ?? (nfe === undefined ? undefined : numStepsFor(solver, nfe))
  if (numSteps === undefined) {
    const near = nearestNfe(solver, nfe ?? 1).map(String)
    const what = `an nfe that ${solver.name}${solver.afs ? ' with afs' : ''} can meet, such as ${either(near)}`
    report([...path, 'nfe'], expected(what, nfe))
  }
  return numSteps === undefined || !sound
    ? undefined
    : { ...solver, schedule, numSteps, nfe: parallelNfe(solver, numSteps) }
}

/** Time points with which a schedule is tried, as many as a teacher may put there. */
const FINE = 1000

function checkSchedule(schedule: ScheduleSpec, path: Path, report: Report): boolean {
  const { sigmaMin, sigmaMax, type } = schedule
  if (sigmaMin >= sigmaMax) {
    report([...path, 'sigmaMin'], `expected sigmaMin below sigmaMax, found ${sigmaMin} and ${sigmaMax}`)
    return false
  }
  try {
    if (type !== 'discrete') timePoints({ ...schedule, numSteps: FINE })
    return true
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    report(path, `expected a noise range that ${type} can cross, found one where ${error.message}`)
    return false
  }
}
