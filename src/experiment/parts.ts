import type { GeneratorName } from '../random/latents.js'
import { highestOrder } from '../solvers/base.js'
import { withoutImplied } from '../solvers/filled.js'
import { bound } from '../solvers/options.js'
import { solverNamed, type Solvers } from '../solvers/registry.js'
import { endsAtZero, type ScheduleSpec, type SolverSpec } from '../solvers/spec.js'
import type { PredictorRecord } from '../predictors/record.js'
import { isNamed, NAMED, references } from './graph.js'
import { child, isMapping } from '../reading/plain.js'
import { either, expected, type Path, type Report } from '../reading/problem.js'
import type { RawSolver, RawUsed } from './raw.js'
import { reused, type Reuse } from '../solvers/reuse.js'
import type { Schema } from './schema.js'
import { parseSeeds } from '../reading/seeds.js'
import { checkSchedule, countsOf, inheriting, numStepsOfList, scheduleOf } from '../solvers/time-points.js'

/** Over the range of the model. */
export const DEFAULT_SCHEDULE: ScheduleSpec = { type: 'time_uniform', rho: 1 }
const KINDS: readonly unknown[] = ['teacher', 'distill', 'sample', 'score']

/** What can be told from single values, whatever is wrong around them. Absent: wrong, and reported. */
export interface Parts {
  /** Every stage that the spec has, whatever it holds. */
  readonly written: ReadonlyMap<string, unknown>
  readonly generator: GeneratorName
  /** The top-level solver. */
  readonly studied?: Chosen
  /** The solvers with time points that stages have of their own, by stage; none for those that are taken from a distill stage. */
  readonly chosen: ReadonlyMap<string, Chosen>
  readonly seeds: ReadonlyMap<string, readonly number[]>
  readonly validations: ReadonlyMap<string, readonly number[]>
}

/** A solver, with the predictor that it comes with. */
export interface Chosen {
  readonly solver: SolverSpec
  readonly predictor?: PredictorRecord
  /** Whether it is not what the predictor was distilled for. */
  readonly mismatched?: true
}

/** Predictors by their names. */
export interface PredictorSource {
  /** The names of all predictors. */
  readonly names: () => readonly string[]
  /** A predictor by its name. */
  readonly get: (name: string) => PredictorRecord | undefined
}

export function readParts(spec: unknown, schema: Schema, predictors: PredictorSource, reuse: Reuse): Parts {
  const { report } = reuse
  const stages = child(spec, 'stages')
  const written = new Map(isMapping(stages) ? Object.entries(stages) : [])
  reportReferences(written, report)
  const top = child(spec, 'solver')
  const schedule = topSchedule(top, schema, predictors)
  const solverAt = (raw: unknown, path: Path): Chosen | undefined => {
    if (schema.isUsed(raw)) return isNamed(raw.from) ? named(raw, path, predictors, reuse) : undefined
    const solver = schema.isSolver(raw) ? resolveSolver(raw, path, schedule, report, schema.solvers) : undefined
    return solver && { solver }
  }
  const ofEach = <Part>(key: string, read: (value: unknown, path: Path) => Part | undefined, stages = [...written]) =>
    new Map(
      stages.flatMap(([name, raw]) => {
        const part = read(child(raw, key), ['stages', name, key])
        return part === undefined ? [] : [[name, part] as const]
      })
    )
  return {
    written,
    generator: child(spec, 'generator') === 'torch-cuda' ? 'torch-cuda' : 'torch-cpu',
    studied: solverAt(top, ['solver']),
    // A teacher's has the student's time points.
    chosen: ofEach(
      'solver',
      solverAt,
      [...written].filter(([, raw]) => child(raw, 'kind') !== 'teacher')
    ),
    seeds: ofEach('seeds', (value, path) => seedsAt(value, path, schema, report)),
    validations: ofEach('validation', (value, path) => seedsAt(value, path, schema, report))
  }
}

/** The schedule of the top-level solver, which is that of others too. */
function topSchedule(top: unknown, schema: Schema, predictors: PredictorSource): ScheduleSpec {
  const known = schema.isUsed(top) ? predictors.get(top.from.slice(NAMED.length))?.solver.schedule : undefined
  const given = schema.isSolver(top) || schema.isUsed(top) ? top.schedule : undefined
  if (given) return scheduleOf(known ? inheriting(given, known) : given)
  return known ?? DEFAULT_SCHEDULE
}

/** A predictor by its name, as it was distilled unless told otherwise. */
function named(raw: RawUsed, path: Path, predictors: PredictorSource, reuse: Reuse): Chosen | undefined {
  const name = raw.from.slice(NAMED.length)
  const predictor = predictors.get(name)
  if (!predictor) {
    const names = predictors.names()
    const near = expected('a predictor that is imported, published, or distilled as RUN/STAGE', name, names)
    reuse.report([...path, 'from'], `${near} (epd-run predictors lists them)`)
    return undefined
  }
  const found = reused(predictor.solver, raw, `predictor ${name}`, path, reuse)
  return found && { ...found, predictor }
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

/** A solver that the schema has passed, on its time points; what is wrong with it is reported. */
export function resolveSolver(
  raw: RawSolver,
  path: Path,
  inherited: ScheduleSpec,
  report: Report,
  solvers: Solvers
): SolverSpec | undefined {
  const sound = raw.schedule === undefined || checkSchedule(raw.schedule, [...path, 'schedule'], report)
  if (!sound) return undefined
  const descriptor = solverNamed(raw.name, solvers)
  const schedule = raw.schedule ? scheduleOf(raw.schedule) : inherited
  const { nfe, numSteps: points, ...solver } = raw
  if (!descriptor.reachesZero && endsAtZero(schedule)) {
    report([...path, 'schedule'], `expected one that ends above 0, which ${raw.name} does not reach, found a last 0`)
    return undefined
  }
  if (descriptor.stopsItself) {
    const numSteps = numStepsOfList(points, schedule, path, report)
    return nfe !== undefined && numSteps !== undefined ? { ...solver, schedule, nfe, numSteps } : undefined
  }
  checkOrder(raw, highestOrder(descriptor, raw), path, report)
  const counts = countsOf(bound(solver, solvers), { nfe, numSteps: points }, schedule, path, report)
  return counts && { ...withoutImplied(descriptor, solver), schedule, ...counts }
}

/** Whether the method that a solver is plugged into has its order; the schema has checked the order of one that is not plugged in. */
function checkOrder({ maxOrder, base }: RawSolver, highest: number, path: Path, report: Report): void {
  if (typeof base !== 'string' || typeof maxOrder !== 'number' || maxOrder <= highest) return
  report([...path, 'maxOrder'], expected(`a whole number from 1 to ${highest} with base ${base}`, maxOrder))
}
