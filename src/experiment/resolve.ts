import { withDerived } from '../stages/derived.js'
import type { DistillStage } from '../stages/distill.js'
import type { StageBase } from '../stages/kind.js'
import type { StageKinds } from '../stages/registry.js'
import type { SampleStage } from '../stages/sample.js'
import type { TeacherStage } from '../stages/teacher.js'
import type { OptimizerSpec } from './experiment.js'
import { FINAL_WITH_SIGMAS } from '../distill/time-points.js'
import type { Learns } from '../solvers/descriptor.js'
import { hasParameters } from '../solvers/learned.js'
import { solverNamed, type Solvers } from '../solvers/registry.js'
import { endsAtZero, gridOf, pointsAboveZero, type GridSpec, type SolverSpec } from '../solvers/spec.js'
import { differenceOf } from '../solvers/grids.js'
import { inOrder, isNamed, reportCycles } from './graph.js'
import { child } from '../reading/plain.js'
import { readParts, type Parts, type PredictorSource } from './parts.js'
import { either, expected, quote, type Path, type Report } from '../reading/problem.js'
import type { RawDistill, RawOptimizer, RawSample, RawTeacher } from './raw.js'
import { resolveScore, type ScoreParts } from './resolve-score.js'
import { reused, type Reuse } from '../solvers/reuse.js'
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
  const learns = student && solverNamed(student.name, context.solvers).learns
  const optimizer = learns && optimizerOf(raw.optimizer, learns, raw.learnSigmas)
  if (student && optimizer) checkTogether(raw, student, learns, optimizer, path, report)
  if (!teacher) return
  if (seeds) checkUnseen(seeds, teacher, [...path, 'validation'], report)
  if (student) checkGrid(gridOf(student), teacher, learns === 'time-points', [...path, 'solver'], report)
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
  context: Context
): SolverSpec | undefined {
  const { studied, report } = context
  const chosen = own === undefined ? studied : context.chosen.get(name)
  if (!chosen) return undefined
  const { solver, predictor } = chosen
  const { learns } = solverNamed(solver.name, context.solvers)
  if (!predictor && (hasParameters(learns) || (learnSigmas && learns === 'time-points'))) return solver
  const what = studentsIn(context.solvers)
  const whose = own === undefined ? ', the top-level one' : ''
  report(
    path,
    predictor
      ? `${expected(what, undefined)}; what is top-level is distilled already`
      : `${expected(what, solver.name)}${whose}`
  )
  return undefined
}

/** The solvers that can be students, in words. */
function studentsIn(solvers: Solvers): string {
  const those = (are: (learns: Learns) => boolean) =>
    either(solvers.flatMap(({ name, learns }) => (are(learns) ? name : [])))
  return `an ${those(hasParameters)} solver, or with learnSigmas any but ${those(learns => learns === 'nothing')}`
}

/** An optimizer with the defaults that depend on the student. */
function optimizerOf(given: RawOptimizer | undefined, learns: Learns, learnSigmas: boolean): OptimizerSpec {
  const network = learns === 'network'
  if (given?.name === 'adam' || (!given && network)) {
    const { lr = network ? 0.005 : 0.2, ...rest } = given ?? ADAM
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
  student: SolverSpec,
  learns: Learns,
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
  if (learns === 'network') {
    if (optimizer.name !== 'adam') wrong('optimizer', `adam, which alone trains ${name}`, optimizer.name)
    if (features) wrong('features', `none for ${name}, which compares pixels after every step`, features)
    if (objective === 'every')
      wrong('objective', `final for ${name}, which looks at every step whatever it is`, objective)
    if (learnSigmas) wrong('learnSigmas', `false for ${name}`, learnSigmas)
    return
  }
  if (!learnSigmas) return
  if (optimizer.name !== 'levenberg-marquardt')
    wrong('optimizer', 'levenberg-marquardt, which alone learns time points', optimizer.name)
  else if (optimizer.finalIterations === 0)
    wrong('optimizer', 'finalIterations of 1 or more, which learn the time points', 0)
  if (objective === 'every') wrong('objective', 'final with learnSigmas', objective)
  if (learns === 'time-points' && start) wrong('start', 'none for a solver without parameters', start)
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
  const { studied, chosen: own, distills, report, solvers } = context
  const used = typeof given === 'string' ? { from: given } : given && !('name' in given) ? given : undefined
  if (used && !isNamed(used.from)) {
    const student = distills.get(used.from)?.student
    const chosen = student && reused(student, used, `stage ${quote(used.from)}`, path, context)
    return chosen && { ...chosen, from: used.from }
  }
  const chosen = given ? own.get(name) : studied
  if (!chosen || chosen.predictor || !hasParameters(solverNamed(chosen.solver.name, solvers).learns)) return chosen
  const what = `the name of a distill stage, or { from: "predictor:NAME" }, from which ${chosen.solver.name} takes what was learned`
  report(path, expected(what, given))
  return undefined
}
