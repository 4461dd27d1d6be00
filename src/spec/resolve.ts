import { withDerived } from '../stages/derived.js'
import type { DistillStage } from '../stages/distill.js'
import type { StageBase } from '../stages/kind.js'
import type { StageKinds } from '../stages/registry.js'
import type { SampleStage } from '../stages/sample.js'
import type { TeacherStage } from '../stages/teacher.js'
import type { OptimizerSpec } from './experiment.js'
import { FINAL_WITH_SIGMAS } from '../distill/time-points.js'
import {
  endsAtZero,
  gridOf,
  pointsAboveZero,
  type GridSpec,
  type SolverSpec,
  type StudentSpec
} from '../solvers/spec.js'
import { differenceOf } from './grids.js'
import { inOrder, isNamed, reportCycles } from './graph.js'
import { child } from './plain.js'
import { readParts, type Parts, type PredictorSource } from './parts.js'
import { expected, quote, type Path, type Report } from './problem.js'
import type { RawDistill, RawOptimizer, RawSample, RawTeacher } from './raw.js'
import { resolveScore, type ScoreParts } from './resolve-score.js'
import { reused, type Reuse } from './reuse.js'
import type { Schema } from './schema.js'

interface Context extends Parts, Reuse, ScoreParts {
  readonly teachers: Map<string, TeacherStage>
  readonly distills: Map<string, DistillStage>
  readonly samples: Map<string, SampleStage>
}

/**
 * The stages of a spec with every reference resolved, each after those that it names. Parts that the schema refuses are left
 * out; what is wrong with the others is reported, and then the result is of no use.
 */
export function resolveStages(
  spec: unknown,
  schema: Schema,
  kinds: StageKinds,
  predictors: PredictorSource,
  reuse: Reuse
): StageBase[] {
  const context: Context = {
    ...readParts(spec, schema, predictors, reuse),
    ...reuse,
    teachers: new Map(),
    distills: new Map(),
    samples: new Map(),
    prompted: child(spec, 'prompts') !== undefined,
    metrics: schema.metrics
  }
  const { written, teachers, distills, samples } = context
  const each = <Raw, Result>(
    is: (value: unknown) => value is Raw,
    resolve: (name: string, raw: Raw, path: Path, context: Context) => Result
  ) => [...written].flatMap(([name, raw]) => (is(raw) ? [resolve(name, raw, ['stages', name], context)] : []))
  each(schema.isTeacher, resolveTeacher)
  each(schema.isDistill, resolveDistill)
  each(schema.isSample, resolveSample)
  const scores = each(schema.isScore, resolveScore)
  reportCycles(written, reuse.report)
  const made = [teachers, distills, samples].flatMap<StageBase>(stages => [...stages.values()])
  return withDerived(inOrder([...made, ...scores], [...written.keys()], kinds), undefined, kinds)
}

function resolveTeacher(name: string, raw: RawTeacher, _path: Path, context: Context): void {
  const { studied, seeds, generator, teachers } = context
  const own = seeds.get(name)
  if (own && studied) teachers.set(name, { ...raw, name, seeds: own, generator, grid: gridOf(studied.solver) })
}

function resolveDistill(name: string, raw: RawDistill, path: Path, context: Context): void {
  const { report, teachers, distills, validations } = context
  const student = studentOf(name, raw, [...path, 'solver'], context)
  const teacher = teachers.get(raw.teacher)
  const seeds = validations.get(name)
  const optimizer = student && optimizerOf(raw.optimizer, student, raw.learnSigmas)
  if (student && optimizer) checkTogether(raw, student, optimizer, path, report)
  if (!teacher) return
  if (seeds) checkUnseen(seeds, teacher, [...path, 'validation'], report)
  if (student) checkGrid(gridOf(student), teacher, isPlain(student.name), [...path, 'solver'], report)
  if (!seeds || !student || !optimizer) return
  const validation = `${name}.validation`
  const start = raw.start ?? (optimizer.name === 'adam' ? 'normal' : 'uniform')
  const { kind, learnSigmas, objective, features, seed } = raw
  distills.set(name, {
    ...{
      kind,
      name,
      student,
      teacher: raw.teacher,
      validation,
      validationSeeds: seeds,
      learnSigmas,
      optimizer,
      objective
    },
    ...(features && { features }),
    ...{ start, seed }
  })
}

function studentOf(
  name: string,
  { solver: own, learnSigmas }: RawDistill,
  path: Path,
  { solvers, studied, report }: Context
): StudentSpec | undefined {
  const chosen = own === undefined ? studied : solvers.get(name)
  if (!chosen) return undefined
  const { solver, predictor } = chosen
  const what = 'an epd or amed solver, or with learnSigmas any but paradigms'
  if (isStudent(solver) && !predictor && (learnSigmas || !isPlain(solver.name))) return solver
  const whose = own === undefined ? ', the top-level one' : ''
  report(
    path,
    predictor
      ? `${expected(what, undefined)}; what is top-level is distilled already`
      : `${expected(what, solver.name)}${whose}`
  )
  return undefined
}

function isStudent(solver: SolverSpec): solver is StudentSpec {
  return solver.name !== 'paradigms'
}

/** Whether it has no parameters of its own. */
function isPlain(name: StudentSpec['name']): boolean {
  return name !== 'epd' && name !== 'amed'
}

/** An optimizer with the defaults that depend on the student. */
function optimizerOf(given: RawOptimizer | undefined, student: StudentSpec, learnSigmas: boolean): OptimizerSpec {
  const amed = student.name === 'amed'
  if (given?.name === 'adam' || (!given && amed)) {
    const { lr = amed ? 0.005 : 0.2, ...rest } = given ?? ADAM
    return { ...rest, name: 'adam', lr }
  }
  const { iterations, finalIterations = learnSigmas ? FINAL_WITH_SIGMAS : 1 } = given ?? { iterations: 4 }
  return { name: 'levenberg-marquardt', iterations, finalIterations }
}

/** The schema's defaults. */
const ADAM: RawOptimizer & { readonly name: 'adam' } = {
  ...{ name: 'adam', betas: [0.9, 0.999], batch: 32, trajectories: 10_000 }
}

/** Options of a distill stage that do not go together. */
function checkTogether(
  { learnSigmas, objective, features, start }: RawDistill,
  student: StudentSpec,
  optimizer: OptimizerSpec,
  path: Path,
  report: Report
): void {
  const wrong = (key: string, what: string, found: unknown) => {
    report([...path, key], expected(what, found))
  }
  const { name } = student
  const points = pointsAboveZero(student)
  if (points < 2) wrong('solver', 'a student with 2 time points or more above 0, between which it steps', points)
  if (name === 'amed') {
    if (optimizer.name !== 'adam') wrong('optimizer', 'adam, which alone trains amed', optimizer.name)
    if (features) wrong('features', 'none for amed, which compares pixels after every step', features)
    if (objective === 'every') wrong('objective', 'final for amed, which looks at every step whatever it is', objective)
    if (learnSigmas) wrong('learnSigmas', 'false for amed', learnSigmas)
    return
  }
  if (!learnSigmas) return
  if (optimizer.name !== 'levenberg-marquardt')
    wrong('optimizer', 'levenberg-marquardt, which alone learns time points', optimizer.name)
  else if (optimizer.finalIterations === 0)
    wrong('optimizer', 'finalIterations of 1 or more, which learn the time points', 0)
  if (objective === 'every') wrong('objective', 'final with learnSigmas', objective)
  if (isPlain(name) && start) wrong('start', 'none for a solver without parameters', start)
  if (points < 3)
    wrong(
      'learnSigmas',
      `a student with 3 time points or more${endsAtZero(student.schedule) ? ' above 0' : ''}, so that some lie between the ends`,
      points
    )
}

function checkUnseen(seeds: readonly number[], teacher: TeacherStage, path: Path, report: Report): void {
  const taught = new Set(teacher.seeds)
  const both = seeds.find(seed => taught.has(seed))
  if (both !== undefined)
    report(path, `expected seeds that stage ${quote(teacher.name)} does not have, found ${both} in both`)
}

/**
 * Whether a student stands where its teacher leads; of a solver that learns nothing but its time points, only the ends need to be its
 * teacher's. Ends that are not known before the model is open are compared then.
 */
function checkGrid(
  grid: GridSpec,
  { name, grid: taught }: TeacherStage,
  ends: boolean,
  path: Path,
  report: Report
): void {
  const difference = differenceOf(grid, taught, ends)
  if (difference)
    report(path, `expected the time points of teacher ${quote(name)} (${difference.taught}), found ${difference.found}`)
}

function resolveSample(name: string, raw: RawSample, path: Path, context: Context): void {
  const { solver: given, ...options } = raw
  const seeds = context.seeds.get(name)
  const solver = sampler(name, given, [...path, 'solver'], context)
  if (seeds && solver) context.samples.set(name, { ...options, name, seeds, generator: context.generator, ...solver })
}

function sampler(
  name: string,
  given: RawSample['solver'],
  path: Path,
  context: Context
): Pick<SampleStage, 'solver' | 'from' | 'predictor' | 'mismatched'> | undefined {
  const { studied, solvers, distills, report } = context
  const used = typeof given === 'string' ? { from: given } : given && 'from' in given ? given : undefined
  if (used && !isNamed(used.from)) {
    const student = distills.get(used.from)?.student
    const chosen = student && reused(student, used, `stage ${quote(used.from)}`, path, context)
    return chosen && { ...chosen, from: used.from }
  }
  const chosen = given ? solvers.get(name) : studied
  if (!chosen || chosen.predictor || (chosen.solver.name !== 'epd' && chosen.solver.name !== 'amed')) return chosen
  const what = `the name of a distill stage, or { from: "predictor:NAME" }, from which ${chosen.solver.name} takes what was learned`
  report(path, expected(what, given))
  return undefined
}
