import { either, expected, quote, type Path, type Report } from './problem.js'
import type {
  DistillStage,
  GridSpec,
  SampleStage,
  ScheduleSpec,
  ScoreStage,
  SolverSpec,
  Stage,
  StudentSpec,
  TeacherStage
} from './experiment.js'
import { nearestNfe, numStepsFor, parallelNfe } from '../solvers/nfe.js'
import { schedule as timePoints } from '../solvers/schedule.js'
import { reportCycles, inOrder } from './graph.js'
import { child, isMapping } from './plain.js'
import type { RawDistill, RawSample, RawScore, RawSolver, RawStudent, RawTeacher } from './raw.js'
import type { Schema } from './schema.js'
import { parseSeeds, type SeedsText } from './seeds.js'

const DEFAULT_SCHEDULE: ScheduleSpec = { type: 'time_uniform', rho: 1, sigmaMin: 0.002, sigmaMax: 80 }
const KINDS = ['teacher', 'distill', 'sample', 'score'] as const

interface Context {
  readonly report: Report
  /** Every stage that the spec names, whatever it holds. */
  readonly written: ReadonlyMap<string, unknown>
  /** The top-level solver, and the schedule of every solver that has none. */
  readonly studied?: SolverSpec
  readonly schedule: ScheduleSpec
  readonly teachers: Map<string, TeacherStage>
  readonly distills: Map<string, DistillStage>
  readonly samples: Map<string, SampleStage>
}

/**
 * The stages of a spec with every reference resolved, each after those that it names. Parts that the schema refuses are left
 * out; what is wrong with the others is reported, and then the result is of no use.
 */
export function resolveStages(spec: unknown, schema: Schema, report: Report): Stage[] {
  const stages = child(spec, 'stages')
  const written = new Map(isMapping(stages) ? Object.entries(stages) : [])
  const context: Context = { ...studiedSolver(spec, schema, report), report, written, ...emptyMaps() }
  const of = <Raw>(is: (value: unknown) => value is Raw) =>
    [...written].flatMap(([name, raw]) => (is(raw) ? [{ name, raw, path: ['stages', name] }] : []))
  const scores: Stage[] = []
  for (const { name, raw, path } of of(schema.isTeacher)) resolveTeacher(name, raw, path, context)
  for (const { name, raw, path } of of(schema.isDistill)) resolveDistill(name, raw, path, context)
  for (const { name, raw, path } of of(schema.isSample)) resolveSample(name, raw, path, context)
  for (const { name, raw, path } of of(schema.isScore)) scores.push(resolveScore(name, raw, path, context))
  reportCycles(written, report)
  const { teachers, distills, samples } = context
  const found = [...teachers.values(), ...distills.values(), ...samples.values(), ...scores]
  return inOrder(found, [...written.keys()])
}

function emptyMaps() {
  return {
    teachers: new Map<string, TeacherStage>(),
    distills: new Map<string, DistillStage>(),
    samples: new Map<string, SampleStage>()
  }
}

function studiedSolver(spec: unknown, schema: Schema, report: Report): Pick<Context, 'studied' | 'schedule'> {
  const raw = child(spec, 'solver')
  if (!schema.isSolver(raw)) return { schedule: DEFAULT_SCHEDULE }
  const studied = resolveSolver(raw, ['solver'], DEFAULT_SCHEDULE, report)
  return { studied, schedule: raw.schedule ?? DEFAULT_SCHEDULE }
}

function resolveTeacher(name: string, raw: RawTeacher, path: Path, { report, studied, teachers }: Context): void {
  const seeds = seedsOf(raw.seeds, [...path, 'seeds'], report)
  if (!seeds || !studied) return
  teachers.set(name, { ...raw, name, seeds, grid: gridOf(studied) })
}

/** A distill stage, and the teacher stage of its validation seeds. */
function resolveDistill(name: string, raw: RawDistill, path: Path, context: Context): void {
  const { report, teachers, distills } = context
  const { teacher: teacherName, validation: validationText, solver, optimizer, ...options } = raw
  const seeds = seedsOf(validationText, [...path, 'validation'], report)
  const student = studentOf(solver, [...path, 'solver'], context)
  const known = isStage(teacherName, 'teacher', [...path, 'teacher'], context)
  const teacher = teachers.get(teacherName)
  if (!known || !teacher) return
  if (seeds) checkUnseen(seeds, teacher, [...path, 'validation'], report)
  if (student) checkGrid(gridOf(student), teacher, [...path, 'solver'], report)
  if (!seeds || !student) return
  const validation = `${name}.validation`
  teachers.set(validation, { ...teacher, name: validation, seeds })
  const start = raw.start ?? (optimizer.name === 'adam' ? 'normal' : 'uniform')
  distills.set(name, { ...options, name, student, teacher: teacherName, validation, optimizer, start })
}

function studentOf(raw: RawStudent | undefined, path: Path, context: Context): StudentSpec | undefined {
  const { studied, schedule, report } = context
  const solver = raw ? resolveSolver(raw, path, schedule, report) : studied
  if (!solver || isStudent(solver)) return solver
  report(path, `${expected('an epd solver', undefined)}, the top-level one being ${solver.name}`)
  return undefined
}

function isStudent(solver: SolverSpec): solver is StudentSpec {
  return solver.name === 'epd'
}

function checkUnseen(seeds: readonly number[], teacher: TeacherStage, path: Path, report: Report): void {
  const taught = new Set(teacher.seeds)
  const both = seeds.find(seed => taught.has(seed))
  if (both !== undefined)
    report(path, `expected seeds that stage ${quote(teacher.name)} does not have, found ${both} in both`)
}

function checkGrid(grid: GridSpec, { name, grid: taught }: TeacherStage, path: Path, report: Report): void {
  if (describeGrid(grid) !== describeGrid(taught))
    report(
      path,
      `expected the time points of teacher ${quote(name)} (${describeGrid(taught)}), found ${describeGrid(grid)}`
    )
}

function describeGrid({ numSteps, type, rho, sigmaMin, sigmaMax }: GridSpec): string {
  return `${numSteps} ${type}${type === 'logsnr' ? '' : ` rho ${rho}`} from ${sigmaMax} to ${sigmaMin}`
}

function resolveSample(name: string, raw: RawSample, path: Path, context: Context): void {
  const { solver: given, ...options } = raw
  const seeds = seedsOf(raw.seeds, [...path, 'seeds'], context.report)
  const solver = sampler(given, [...path, 'solver'], context)
  if (!seeds || !solver) return
  context.samples.set(name, { ...options, name, seeds, ...solver })
}

function sampler(
  given: RawSolver | string | undefined,
  path: Path,
  context: Context
): Pick<SampleStage, 'solver' | 'from'> | undefined {
  const { studied, distills, schedule, report } = context
  if (typeof given === 'string') {
    const student = isStage(given, 'distill', path, context) ? distills.get(given)?.student : undefined
    return student && { solver: student, from: given }
  }
  const solver = given ? resolveSolver(given, path, schedule, report) : studied
  if (solver?.name !== 'epd') return solver && { solver }
  report(path, expected('the name of a distill stage, from which epd takes its predictor', given))
  return undefined
}

function resolveScore(name: string, raw: RawScore, path: Path, context: Context): ScoreStage {
  const { report } = context
  raw.samples.forEach((sample, i) => isStage(sample, 'sample', [...path, 'samples', i], context))
  const paired = raw.metrics.filter(metric => metric !== 'frechet-pixels')
  if (raw.reference !== undefined) {
    if (isStage(raw.reference, 'sample', [...path, 'reference'], context) && paired.length > 0)
      checkCommonSeeds(raw.samples, raw.reference, [...path, 'samples'], context)
  } else if (paired.length > 0) {
    report(
      [...path, 'reference'],
      `${expected(`the name of a sample stage`, undefined)}, which ${paired.join(' and ')} compare with`
    )
  } else if (!raw.dataset) {
    report(
      [...path, 'dataset'],
      `${expected('{ name: shapes16 }, or a reference', undefined)}, which frechet-pixels compares with`
    )
  }
  return { ...raw, name }
}

function checkCommonSeeds(samples: readonly string[], reference: string, path: Path, context: Context): void {
  const truth = context.samples.get(reference)
  if (!truth) return
  const seeds = new Set(truth.seeds)
  samples.forEach((name, i) => {
    const stage = context.samples.get(name)
    if (stage && !stage.seeds.some(seed => seeds.has(seed)))
      context.report(
        [...path, i],
        `expected a stage with seeds of reference ${quote(reference)}, found ${quote(name)} with none of them`
      )
  })
}

/** Whether a name is that of a stage of a kind; what else it is, is reported. */
function isStage(name: string, kind: (typeof KINDS)[number], path: Path, { written, report }: Context): boolean {
  const found = child(written.get(name), 'kind')
  if (found === kind) return true
  const names = [...written].filter(([, raw]) => child(raw, 'kind') === kind).map(([each]) => each)
  const what = `the name of a ${kind} stage (${names.length === 0 ? 'there is none' : either(names)})`
  if (!written.has(name)) report(path, expected(what, name, names))
  else if (KINDS.some(each => each === found)) report(path, `${expected(what, name)}, a ${String(found)} stage`)
  return false
}

function seedsOf(text: SeedsText, path: Path, report: Report): number[] | undefined {
  try {
    return parseSeeds(text)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    report(path, error.message)
    return undefined
  }
}

function resolveSolver(raw: RawSolver, path: Path, inherited: ScheduleSpec, report: Report): SolverSpec | undefined {
  const { nfe, numSteps: points, schedule = inherited, ...solver } = raw
  const numSteps = points ?? (nfe === undefined ? undefined : numStepsFor(solver, nfe))
  if (numSteps === undefined) {
    const near = nearestNfe(solver, nfe ?? 1).map(String)
    const what = `an nfe that ${solver.name}${solver.afs ? ' with afs' : ''} can meet, such as ${either(near)}`
    report([...path, 'nfe'], expected(what, nfe))
  }
  const sound = raw.schedule === undefined || checkSchedule(raw.schedule, [...path, 'schedule'], report)
  return numSteps === undefined || !sound
    ? undefined
    : { ...solver, schedule, numSteps, nfe: parallelNfe(solver, numSteps) }
}

function checkSchedule(schedule: ScheduleSpec, path: Path, report: Report): boolean {
  const { sigmaMin, sigmaMax, type } = schedule
  if (sigmaMin >= sigmaMax) {
    report(path, `expected sigmaMin below sigmaMax, found ${sigmaMin} and ${sigmaMax}`)
    return false
  }
  try {
    if (type !== 'discrete') timePoints({ ...schedule, numSteps: 2 })
    return true
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    report(path, `expected a noise range that ${type} can cross, found one where ${error.message}`)
    return false
  }
}

function gridOf({ schedule, numSteps }: SolverSpec): GridSpec {
  return { ...schedule, numSteps }
}
