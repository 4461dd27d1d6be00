import { EpdError } from '../errors.js'
import type { Effort } from '../distill/effort.js'
import { distill as distilled, distillCost, type DistillOptions } from '../distill/distill.js'
import { featureView } from '../distill/feature-view.js'
import { optimiserOf, type OptimizerSpec } from '../distill/registry.js'
import { studentOf } from '../distill/student.js'
import { bringsTimePoints } from '../solvers/learned.js'
import { bound } from '../solvers/options.js'
import { solverNamed, type Solvers } from '../solvers/registry.js'
import { gridOf, type SolverSpec } from '../solvers/spec.js'
import type { Seeds } from '../reading/seeds.js'
import { predictorIn, reference, type ResolveContext, type StageSpec } from './spec.js'
import type { ChosenSolver } from './solver.js'
import { differenceOf } from '../solvers/grids.js'
import { effortOf, tableEffort } from './cost.js'
import { DISTILL_KEYS, type RawDistill } from './distill-keys.js'
import { checkBegin, checkGrid, checkSearch, checkStart, checkTogether, checkUnseen } from './distill-checks.js'
import { studentIn } from './distill-student.js'
import { counted } from './counted.js'
import { describe, isDistillState, spending, startingPoints, stepsOf } from './distill-progress.js'
import { beginIn, tableToBegin } from './distill-begin.js'
import { checkFeatures, locatedFeatures, network, openFeatures, weightsOf } from './features.js'
import type { FeatureSpec } from '../metrics/feature-network.js'
import { fitOf } from './fit.js'
import { isOf, ofCase, solverWords, type Around, type StageBase, type StageKind } from './kind.js'
import { imageShape, type StageContext, type StageCost } from './stage.js'
import { keptPoints, readTrajectories, teacher, type TeacherStage } from './teacher.js'

export interface DistillStage {
  readonly kind: 'distill'
  readonly name: string
  readonly student: SolverSpec
  /** What a student that is a table starts from. */
  readonly begin?: ChosenSolver
  /** The teacher stage whose trajectories are learned from. */
  readonly teacher: string
  /** The teacher stage, made for the purpose (`<name>.validation`), whose trajectories are only looked at. */
  readonly validation: string
  readonly validationSeeds: Seeds
  readonly optimizer: OptimizerSpec
  /** The optimiser's version; absent for the first. */
  readonly optimiserVersion?: number
  readonly objective: 'final' | 'every'
  /** Whether the student's interior time points are learned too. */
  readonly learnSigmas: boolean
  /** The distill stage whose time points are started from. */
  readonly startFrom?: string
  /** The network whose features of final images the loss compares; without it, pixels. */
  readonly features?: FeatureSpec
  readonly start: 'uniform' | 'normal'
  readonly seed: number
}

const spec: StageSpec<DistillStage, RawDistill> = {
  description: 'Finds what the student solver follows its teacher with.',
  keys: DISTILL_KEYS,
  seeds: ['validation'],
  ownSolver: 'solver',
  references: written => [
    ...reference(written, ['teacher'], 'teacher'),
    ...reference(written, ['startFrom'], 'distill'),
    ...reference(written, ['solver', 'start', 'from'], 'distill').filter(({ to }) => predictorIn(to) === undefined)
  ],
  resolve
}

/** The stage, unless something that it needs is wrong; what does not go together is reported. */
function resolve(raw: RawDistill, context: ResolveContext): DistillStage | undefined {
  const { name, path, report, solvers } = context
  const chosen = studentIn(raw, context)
  const student = chosen?.solver
  const begin = chosen?.start && beginIn(chosen.start, chosen.solver, studentOfStage, context)
  const taught = context.find(raw.teacher)
  const seeds = context.seeds('validation')
  const learns = student && solverNamed(student.name, solvers).learns
  const optimiser = learns && optimiserOf(learns, raw.optimizer?.name)
  if (student && learns) checkTogether(raw, student, learns, context)
  if (student) checkStart(raw, student, studentOfTimePoints(context.find(raw.startFrom ?? '')), context)
  if (!isOf(teacher, taught)) return undefined
  if (student) checkSearch(raw, student, taught, context)
  if (seeds) checkUnseen(seeds, taught, [...path, 'validation'], report)
  if (student) checkGrid(gridOf(student), taught, bringsTimePoints(learns), [...path, 'solver'], report)
  if (!seeds || !student || !optimiser || (chosen.start && !begin)) return undefined
  const { learnSigmas, startFrom, objective, features, start = optimiser.start, seed } = raw
  const optimizer = optimiser.specify(raw.optimizer, { learnSigmas })
  return {
    ...{ kind: 'distill', name, student, ...(begin && { begin }), teacher: raw.teacher },
    ...{ learnSigmas, ...(startFrom !== undefined && { startFrom }), optimizer, objective },
    ...{ validation: `${name}.validation`, validationSeeds: seeds },
    ...(features && { features }),
    ...(optimiser.version !== undefined && { optimiserVersion: optimiser.version }),
    ...{ start, seed }
  }
}

/** The student of a distill stage, which another one may start from. */
function studentOfStage(stage: StageBase | undefined): SolverSpec | undefined {
  return isOf(distill, stage) ? stage.student : undefined
}

/** The student of a distill stage that has learned time points. */
function studentOfTimePoints(stage: StageBase | undefined): SolverSpec | undefined {
  return isOf(distill, stage) && stage.learnSigmas ? stage.student : undefined
}

function optimiserIn({ student, optimizer }: DistillStage, solvers: Solvers) {
  return optimiserOf(solverNamed(student.name, solvers).learns, optimizer.name)
}

export const distill: StageKind<DistillStage> = {
  kind: 'distill',
  version: 3,
  spec,
  inputs: ({ teacher, validation, begin, startFrom }) => [
    ...[teacher, validation],
    ...[begin?.from, startFrom].flatMap(name => name ?? [])
  ],
  renamed(stage, rename) {
    const { name, teacher, validation, begin, startFrom } = stage
    const from = begin?.from === undefined ? undefined : rename(begin.from)
    return {
      ...stage,
      ...{ name: rename(name), teacher: rename(teacher), validation: rename(validation) },
      ...(begin && { begin: { ...begin, from } }),
      ...(startFrom !== undefined && { startFrom: rename(startFrom) })
    }
  },
  located(stage, { file }) {
    const { features } = stage
    return features ? { ...stage, features: locatedFeatures(features, file) } : stage
  },
  identity(stage, { decoder, runner }) {
    const { student, begin, learnSigmas, optimizer, optimiserVersion, objective, features, start, seed } = stage
    return {
      params: {
        student,
        begin: begin && { solver: begin.solver, mismatched: begin.mismatched, learned: begin.predictor?.learned },
        learnSigmas,
        optimizer,
        optimiserVersion,
        objective,
        start,
        seed,
        features: features && network(features, runner)
      },
      besides: features && decoder && { decoder },
      inputs: distill.inputs(stage),
      evaluatesModel: true,
      assets: features ? weightsOf(features) : []
    }
  },
  cost(stage, around) {
    return {
      evaluations: evaluationsOf(stage, around),
      atMost: optimiserIn(stage, around.solvers)?.costsAtMost ?? false
    }
  },
  summary({ student, learnSigmas, optimizer, teacher, features }) {
    const what = `${solverWords(student)}${learnSigmas ? ' and its time points' : ''}`
    return `${what} by ${optimizer.name} from ${ofCase(teacher)}${features ? ', in feature space' : ''}`
  },
  derived({ teacher: taught, validation, validationSeeds }, find): TeacherStage[] {
    const found = find(taught)
    // Nothing is searched in what is only looked at.
    return isOf(teacher, found) ? [{ ...found, keep: undefined, name: validation, seeds: validationSeeds }] : []
  },
  solver: ({ student }) => student,
  iterationWords: ({ student }, row) => describe(row, stepsOf(student)),
  timePoints: {
    schedule: ({ student }) => student.schedule,
    changed: (stage, change) => {
      const within = (solver: SolverSpec) => ({ ...solver, schedule: change(solver.schedule) })
      const { student, begin } = stage
      return { ...stage, student: within(student), ...(begin && { begin: { ...begin, solver: within(begin.solver) } }) }
    },
    compared
  },
  fit({ name, student }, model, solvers) {
    checkBegin(name, student)
    return fitOf(name, student, undefined, model, solvers)
  },
  async check({ name, features }, context) {
    if (features) await checkFeatures({ ...features, name }, context)
  },
  run
}

function evaluationsOf(
  { optimizer, student, begin, learnSigmas, teacher: taught, validation }: DistillStage,
  { find, solvers }: Around
): number {
  const count = (name: string) => {
    const found = find(name)
    return isOf(teacher, found) ? found.seeds.length : 0
  }
  return distillCost(optimizer, {
    ...effortOf(student, solvers),
    ...(begin && { table: tableEffort(student, begin.solver, solvers) }),
    learnsSigmas: learnSigmas,
    training: count(taught),
    validation: count(validation),
    ...gridEffort(student, find(taught))
  })
}

/** What time points are searched in, where a teacher keeps states for that. */
function gridEffort(student: SolverSpec, taught: StageBase | undefined): Pick<Effort, 'grid'> {
  if (!isOf(teacher, taught) || taught.keep !== 'refined') return {}
  return { grid: { points: keptPoints(taught), steps: stepsOf(student) } }
}

/** Compares what could not be compared while ends were missing. */
function compared({ name, student, teacher: taught }: DistillStage, { find, solvers }: Around): undefined {
  const found = find(taught)
  if (!isOf(teacher, found)) return
  const ends = bringsTimePoints(solverNamed(student.name, solvers).learns)
  const difference = differenceOf(gridOf(student), found.grid, ends)
  if (difference)
    throw new EpdError(
      'spec-invalid',
      `stage "${name}": expected the time points of teacher "${taught}" (${difference.taught}), found ${difference.found}`
    )
}

/**
 * Finds the predictor with which the student follows its teacher; each iteration is a row, from which it can continue.
 */
async function run(stage: DistillStage, context: StageContext): Promise<StageCost> {
  const { store, key, inputKey, promptsOf, signal, solvers } = context
  const { student, learnSigmas, optimizer, objective, start, seed } = stage
  const reported = reports(stage, context)
  const model = counted(await context.openModel(), reported.onEvaluations)
  const sigmas = startingPoints(stage, model, context)
  const solver = bound(student, solvers)
  const resume = store.iterationState(key)
  const [, height, width] = imageShape(model)
  const looker = stage.features && (await openFeatures(stage.features, [height, width], context))
  const found = await distilled({
    model,
    student: studentOf(solver, stage.begin && tableToBegin(stage.begin, model, context)),
    learnSigmas,
    sigmas,
    teacher: readTrajectories(store, inputKey(stage.teacher), promptsOf),
    validation: readTrajectories(store, inputKey(stage.validation), promptsOf),
    optimizer,
    ...(optimiserIn(stage, solvers)?.takesObjective && { objective }),
    view: looker && featureView(looker, model.decoder),
    start,
    seed,
    signal,
    resume: isDistillState(resume) ? resume : undefined,
    ...reported.callbacks
  }).finally(() => looker?.close())
  const { learned, loss, validationLoss, evaluations } = found
  store.putPredictor(context.claim, {
    predictor: learned,
    sigmas: [...found.sigmas],
    loss,
    validationLoss: validationLoss ?? null,
    evaluations
  })
  return { nfe: student.nfe, evaluations }
}

/** What a distillation tells while it goes on: the evaluations of its model, its iterations and their parts. */
function reports(stage: DistillStage, { store, key, claim, inputKey, onProgress, solvers, expected }: StageContext) {
  const training = store.shards(inputKey(stage.teacher)).reduce((sum, { seeds }) => sum + seeds.length, 0)
  const total = mostIterations(stage, solvers, training)
  const before = store.iterations(key).at(-1)
  const spent = spending(expected, before?.evaluations ?? 0, onProgress)
  const steps = stepsOf(stage.student)
  let done = before?.iteration ?? 0
  const callbacks: Pick<DistillOptions, 'onIteration' | 'onPart'> = {
    onIteration(row, state) {
      store.putIteration(claim, row, state)
      done = row.iteration
      spent.set(row.evaluations)
      onProgress({ done, total, unit: 'iterations', note: describe(row, steps) })
    },
    onPart(count, all) {
      if (count < all)
        onProgress({ done, total, unit: 'iterations', note: `probed on ${count} of ${all} trajectories` })
    }
  }
  return { onEvaluations: spent.add, callbacks }
}

/** How many iterations the optimiser may take. `training`: trajectories. */
export function mostIterations(
  { optimizer, student, begin, learnSigmas }: DistillStage,
  solvers: Solvers,
  training: number
): number {
  const { learns } = solverNamed(student.name, solvers)
  const table = begin && tableEffort(student, begin.solver, solvers)
  const extent = { learns, steps: student.numSteps - 1, learnsSigmas: learnSigmas, table, training }
  return optimiserOf(learns, optimizer.name)?.mostIterations(optimizer, extent) ?? 0
}
