import type {
  DistillStage,
  FeatureMetric,
  FeaturesStage,
  GridSpec,
  MetricName,
  SampleStage,
  SolverSpec,
  Stage,
  TeacherStage
} from './experiment.js'
import { namesOf, optimiserOf, optimisersOf } from '../distill/registry.js'
import type { Learns } from '../solvers/descriptor.js'
import { hasParameters } from '../solvers/learned.js'
import { solverNamed, type Solvers } from '../solvers/registry.js'
import { endsAtZero, gridOf, pointsAboveZero } from '../solvers/spec.js'
import { differenceOf } from './grids.js'
import { inOrder, isNamed, reportCycles } from './graph.js'
import { child } from './plain.js'
import { readParts, type Parts, type PredictorSource } from './parts.js'
import { either, expected, quote, type Path, type Report } from './problem.js'
import type { RawDistill, RawSample, RawScore, RawTeacher } from './raw.js'
import { reused, type Reuse } from './reuse.js'
import type { Schema } from './schema.js'

interface Context extends Parts, Reuse {
  readonly teachers: Map<string, TeacherStage>
  readonly distills: Map<string, DistillStage>
  readonly samples: Map<string, SampleStage>
  readonly features: Map<string, FeaturesStage>
  /** Whether the spec has prompts, whatever they are. */
  readonly prompted: boolean
}

/**
 * The stages of a spec with every reference resolved, each after those that it names. Parts that the schema refuses are left
 * out; what is wrong with the others is reported, and then the result is of no use.
 */
export function resolveStages(spec: unknown, schema: Schema, predictors: PredictorSource, reuse: Reuse): Stage[] {
  const context: Context = {
    ...readParts(spec, schema, predictors, reuse),
    ...reuse,
    teachers: new Map(),
    distills: new Map(),
    samples: new Map(),
    features: new Map(),
    prompted: child(spec, 'prompts') !== undefined
  }
  const { written, teachers, distills, samples, features } = context
  const each = <Raw, Result>(
    is: (value: unknown) => value is Raw,
    resolve: (name: string, raw: Raw, path: Path, context: Context) => Result
  ) => [...written].flatMap(([name, raw]) => (is(raw) ? [resolve(name, raw, ['stages', name], context)] : []))
  each(schema.isTeacher, resolveTeacher)
  each(schema.isDistill, resolveDistill)
  each(schema.isSample, resolveSample)
  const scores = each(schema.isScore, resolveScore)
  reportCycles(written, reuse.report)
  const made = [teachers, distills, samples, features].flatMap(stages => [...stages.values()])
  return inOrder([...made, ...scores], [...written.keys()])
}

function resolveTeacher(name: string, raw: RawTeacher, _path: Path, context: Context): void {
  const { studied, seeds, generator, teachers } = context
  const own = seeds.get(name)
  if (own && studied) teachers.set(name, { ...raw, name, seeds: own, generator, grid: gridOf(studied.solver) })
}

/** A distill stage, and the teacher stage of its validation seeds. */
function resolveDistill(name: string, raw: RawDistill, path: Path, context: Context): void {
  const { report, teachers, distills, validations } = context
  const student = studentOf(name, raw, [...path, 'solver'], context)
  const teacher = teachers.get(raw.teacher)
  const seeds = validations.get(name)
  const learns = student && solverNamed(student.name, context.solvers).learns
  const optimiser = learns && optimiserOf(learns, raw.optimizer?.name)
  if (student && learns) checkTogether(raw, student, learns, path, report)
  if (!teacher) return
  if (seeds) checkUnseen(seeds, teacher, [...path, 'validation'], report)
  if (student) checkGrid(gridOf(student), teacher, learns === 'time-points', [...path, 'solver'], report)
  if (!seeds || !student || !optimiser) return
  const validation = `${name}.validation`
  teachers.set(validation, { ...teacher, name: validation, seeds })
  const { kind, learnSigmas, objective, features, start = optimiser.start, seed } = raw
  const optimizer = optimiser.specify(raw.optimizer, { learnSigmas })
  distills.set(name, {
    ...{ kind, name, student, teacher: raw.teacher, validation, learnSigmas, optimizer, objective },
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

/** Options of a distill stage that do not go together. */
function checkTogether(
  { learnSigmas, optimizer, objective, features, start }: RawDistill,
  student: SolverSpec,
  learns: Learns,
  path: Path,
  report: Report
): void {
  const wrong = (key: string, what: string, found: unknown) => {
    report([...path, key], expected(what, found))
  }
  const { name } = student
  const points = pointsAboveZero(student)
  const able = optimisersOf(learns, learnSigmas && learns !== 'network')
  const alone = optimizer && !able.some(each => each.name === optimizer.name) && namesOf(able)
  if (points < 2) wrong('solver', 'a student with 2 time points or more above 0, between which it steps', points)
  if (learns === 'network') {
    if (alone) wrong('optimizer', `${alone}, which alone trains ${name}`, optimizer.name)
    if (features) wrong('features', `none for ${name}, which compares pixels after every step`, features)
    if (objective === 'every')
      wrong('objective', `final for ${name}, which looks at every step whatever it is`, objective)
    if (learnSigmas) wrong('learnSigmas', `false for ${name}`, learnSigmas)
    return
  }
  if (!learnSigmas) return
  if (alone) wrong('optimizer', `${alone}, which alone learns time points`, optimizer.name)
  else if (optimizer && 'finalIterations' in optimizer && optimizer.finalIterations === 0)
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

function resolveScore(name: string, raw: RawScore, path: Path, context: Context): Stage {
  const { samples, reference, metrics } = raw
  if (reference !== undefined && metrics.some(metric => metric === 'psnr' || metric === 'rmse'))
    checkCommonSeeds(samples, reference, [...path, 'samples'], context)
  if (metrics.includes('psnr')) checkOthers(samples, reference, [...path, 'samples'], context.report)
  if (metrics.includes('clip-score') && !context.prompted)
    context.report(
      [...path, 'metrics', metrics.indexOf('clip-score')],
      'expected prompts at the top of the spec, which clip-score compares images with, found nothing'
    )
  checkTruth(raw, path, context.report)
  checkCounts(raw, path, context)
  const { features, ...score } = raw
  if (!metrics.some(isOfFeatures) || !features) return { ...score, name }
  const of = (stage: string) => {
    const made = `${name}.${stage}`
    context.features.set(made, { kind: 'features', name: made, samples: stage, ...features })
    return made
  }
  const compared = raw.statistics === undefined || metrics.some(needsImages)
  const truth = compared && reference !== undefined ? of(reference) : undefined
  return { ...score, name, features: { ...features, samples: samples.map(of), reference: truth } }
}

function isOfFeatures(metric: MetricName): metric is FeatureMetric {
  return metric === 'fid' || needsImages(metric)
}

/** Whether statistics of real images are not enough. */
function needsImages(metric: MetricName): boolean {
  return metric === 'kid' || metric === 'precision' || metric === 'recall'
}

/** Whether each metric has what it compares with. */
function checkTruth(
  { metrics, reference, dataset, features, statistics, clip }: RawScore,
  path: Path,
  report: Report
): void {
  const lacks = (key: string, what: string, who: string) => {
    report([...path, key], `${expected(what, undefined)}, which ${who}`)
  }
  const paired = metrics.filter(metric => metric === 'psnr' || metric === 'rmse')
  if (reference === undefined && paired.length > 0)
    lacks('reference', 'the name of a sample stage', `${paired.join(' and ')} need`)
  const first = metrics.find(isOfFeatures)
  if (first && !features) lacks('features', '{ weights: ... }', `${first} needs`)
  if (metrics.includes('clip-score') && clip === undefined)
    lacks('clip', 'the folder of a CLIPModel', 'clip-score needs')
  if (reference !== undefined) return
  const alone = metrics.find(needsImages)
  if (alone && paired.length === 0) lacks('reference', 'the name of a sample stage', `${alone} needs`)
  if (metrics.includes('fid') && statistics === undefined)
    lacks('statistics', 'an .npz of statistics, or a reference', 'fid needs')
  if (metrics.includes('frechet-pixels') && !dataset)
    lacks('dataset', '{ name: shapes16 }, or a reference', 'frechet-pixels needs')
}

/** Equal images have a psnr without bound, which is no score. */
function checkOthers(samples: readonly string[], reference: string | undefined, path: Path, report: Report): void {
  samples.forEach((name, i) => {
    if (name === reference)
      report(
        [...path, i],
        `expected a stage other than the reference, from which psnr is infinite, found ${quote(name)}`
      )
  })
}

/** The fewest images of either side that a metric takes: for a covariance, for pairs, for a third nearest neighbour. */
const FEWEST: Readonly<Partial<Record<MetricName, number>>> = {
  ...{ fid: 2, 'frechet-pixels': 2, kid: 2, precision: 4, recall: 4 }
}

/** Whether there are images enough for each metric. */
function checkCounts(
  { metrics, samples, reference, groups }: RawScore,
  path: Path,
  { samples: stages, report }: Context
): void {
  const check = (at: Path, name: string | undefined, needed: number, what: string) => {
    const found = stages.get(name ?? '')?.seeds.length ?? Infinity
    if (found < needed)
      report([...path, ...at], `expected a stage with ${what}, found ${quote(name ?? '')} with ${found}`)
  }
  const fewest = Math.max(...metrics.map(metric => FEWEST[metric] ?? 0))
  const grouped = metrics.includes('fid') && groups > 1 && 2 * groups > fewest
  const needed = grouped ? 2 * groups : fewest
  const each = grouped ? `2 seeds or more in each of ${groups} groups` : `${fewest} seeds or more`
  for (const [i, name] of samples.entries()) check(['samples', i], name, needed, each)
  check(['reference'], reference, fewest, `${fewest} seeds or more`)
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
