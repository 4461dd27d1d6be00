import type {
  DistillStage,
  FeatureMetric,
  FeaturesStage,
  GridSpec,
  MetricName,
  SampleStage,
  SolverSpec,
  Stage,
  StudentSpec,
  TeacherStage
} from './experiment.js'
import { inOrder, reportCycles } from './graph.js'
import { readParts, type Parts } from './parts.js'
import { expected, quote, type Path, type Report } from './problem.js'
import type { RawDistill, RawSample, RawScore, RawTeacher } from './raw.js'
import type { Schema } from './schema.js'

interface Context extends Parts {
  readonly report: Report
  readonly teachers: Map<string, TeacherStage>
  readonly distills: Map<string, DistillStage>
  readonly samples: Map<string, SampleStage>
  readonly features: Map<string, FeaturesStage>
}

/**
 * The stages of a spec with every reference resolved, each after those that it names. Parts that the schema refuses are left
 * out; what is wrong with the others is reported, and then the result is of no use.
 */
export function resolveStages(spec: unknown, schema: Schema, report: Report): Stage[] {
  const parts = readParts(spec, schema, report)
  const context: Context = {
    ...parts,
    report,
    teachers: new Map(),
    distills: new Map(),
    samples: new Map(),
    features: new Map()
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
  reportCycles(written, report)
  const made = [teachers, distills, samples, features].flatMap(stages => [...stages.values()])
  return inOrder([...made, ...scores], [...written.keys()])
}

function resolveTeacher(name: string, raw: RawTeacher, _path: Path, context: Context): void {
  const { studied, seeds, generator, teachers } = context
  const own = seeds.get(name)
  if (own && studied) teachers.set(name, { ...raw, name, seeds: own, generator, grid: gridOf(studied) })
}

/** A distill stage, and the teacher stage of its validation seeds. */
function resolveDistill(name: string, raw: RawDistill, path: Path, context: Context): void {
  const { report, teachers, distills, validations } = context
  const { solver, optimizer, ...options } = raw
  const student = studentOf(name, solver !== undefined, [...path, 'solver'], context)
  const teacher = teachers.get(raw.teacher)
  const seeds = validations.get(name)
  if (!teacher) return
  if (seeds) checkUnseen(seeds, teacher, [...path, 'validation'], report)
  if (student) checkGrid(gridOf(student), teacher, [...path, 'solver'], report)
  if (!seeds || !student) return
  const validation = `${name}.validation`
  teachers.set(validation, { ...teacher, name: validation, seeds })
  const start = raw.start ?? (optimizer.name === 'adam' ? 'normal' : 'uniform')
  distills.set(name, { ...options, name, student, validation, optimizer, start })
}

function studentOf(name: string, own: boolean, path: Path, context: Context): StudentSpec | undefined {
  const solver = own ? context.solvers.get(name) : context.studied
  if (!solver || isStudent(solver)) return solver
  context.report(path, `${expected('an epd solver', undefined)}, the top-level one being ${solver.name}`)
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
  const seeds = context.seeds.get(name)
  const solver = sampler(name, given, [...path, 'solver'], context)
  if (seeds && solver) context.samples.set(name, { ...options, name, seeds, generator: context.generator, ...solver })
}

function sampler(
  name: string,
  given: RawSample['solver'],
  path: Path,
  { studied, solvers, distills, report }: Context
): Pick<SampleStage, 'solver' | 'from'> | undefined {
  if (typeof given === 'string') {
    const student = distills.get(given)?.student
    return student && { solver: student, from: given }
  }
  const solver = given ? solvers.get(name) : studied
  if (solver?.name !== 'epd') return solver && { solver }
  report(path, expected('the name of a distill stage, from which epd takes its predictor', given))
  return undefined
}

function resolveScore(name: string, raw: RawScore, path: Path, context: Context): Stage {
  const { samples, reference, metrics } = raw
  if (reference !== undefined && metrics.some(metric => metric === 'psnr' || metric === 'rmse'))
    checkCommonSeeds(samples, reference, [...path, 'samples'], context)
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
function checkTruth({ metrics, reference, dataset, features, statistics }: RawScore, path: Path, report: Report): void {
  const lacks = (key: string, what: string, who: string) => {
    report([...path, key], `${expected(what, undefined)}, which ${who}`)
  }
  const paired = metrics.filter(metric => metric === 'psnr' || metric === 'rmse')
  if (reference === undefined && paired.length > 0)
    lacks('reference', 'the name of a sample stage', `${paired.join(' and ')} need`)
  const first = metrics.find(isOfFeatures)
  if (first && !features) lacks('features', '{ weights: ... }', `${first} needs`)
  if (reference !== undefined) return
  const alone = metrics.find(needsImages)
  if (alone && paired.length === 0) lacks('reference', 'the name of a sample stage', `${alone} needs`)
  if (metrics.includes('fid') && statistics === undefined)
    lacks('statistics', 'an .npz of statistics, or a reference', 'fid needs')
  if (metrics.includes('frechet-pixels') && !dataset)
    lacks('dataset', '{ name: shapes16 }, or a reference', 'frechet-pixels needs')
}

/** Whether there are images enough for a covariance. */
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
  const parts = metrics.includes('fid') ? groups : 1
  if (!metrics.includes('fid') && !metrics.includes('frechet-pixels')) return
  const each = parts > 1 ? `2 seeds or more in each of ${parts} groups` : '2 seeds or more'
  for (const [i, name] of samples.entries()) check(['samples', i], name, 2 * parts, each)
  check(['reference'], reference, 2, '2 seeds or more')
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

function gridOf({ schedule, numSteps }: SolverSpec): GridSpec {
  return { ...schedule, numSteps }
}
