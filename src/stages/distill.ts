import { EpdError } from '../errors.js'
import { distill as distilled, distillCost, type DistillState } from '../distill/distill.js'
import { featureView } from '../distill/feature-view.js'
import type { Iteration } from '../distill/task.js'
import { schedule } from '../solvers/schedule.js'
import type { Student } from '../distill/student.js'
import { gridOf, type StudentSpec } from '../solvers/spec.js'
import type { OptimizerSpec } from '../spec/experiment.js'
import { differenceOf } from '../spec/grids.js'
import { effortOf } from './cost.js'
import { checkInception, network, openFeatures } from './features.js'
import type { FeatureSpec } from '../metrics/metric.js'
import { fitOf } from './fit.js'
import { isOf, ofCase, solverWords, type FindStage, type StageKind } from './kind.js'
import { imageShape, type StageContext, type StageCost } from './stage.js'
import { readTrajectories, teacher, type TeacherStage } from './teacher.js'

export interface DistillStage {
  readonly kind: 'distill'
  readonly name: string
  readonly student: StudentSpec
  /** The teacher stage whose trajectories are learned from. */
  readonly teacher: string
  /** The teacher stage, made for the purpose (`<name>.validation`), whose trajectories are only looked at. */
  readonly validation: string
  readonly validationSeeds: readonly number[]
  readonly optimizer: OptimizerSpec
  readonly objective: 'final' | 'every'
  /** Whether the student's interior time points are learned too. */
  readonly learnSigmas: boolean
  /** The network whose features of final images the loss compares; without it, pixels. */
  readonly features?: FeatureSpec
  readonly start: 'uniform' | 'normal'
  readonly seed: number
}

export const distill: StageKind<DistillStage> = {
  kind: 'distill',
  version: 3,
  inputs: ({ teacher, validation }) => [teacher, validation],
  renamed(stage, rename) {
    const { name, teacher, validation } = stage
    return { ...stage, name: rename(name), teacher: rename(teacher), validation: rename(validation) }
  },
  located(stage, { file }) {
    const { features } = stage
    return features ? { ...stage, features: { ...features, weights: file(features.weights) } } : stage
  },
  identity(stage, { decoder, runner }) {
    const { student, learnSigmas, optimizer, objective, features, start, seed, teacher, validation } = stage
    return {
      params: {
        student,
        learnSigmas,
        optimizer,
        objective,
        start,
        seed,
        features: features && network(features, runner)
      },
      besides: features && decoder && { decoder },
      inputs: [teacher, validation],
      evaluatesModel: true,
      assets: features ? [features.weights] : []
    }
  },
  cost(stage, find) {
    return { evaluations: evaluationsOf(stage, find), atMost: stage.optimizer.name === 'levenberg-marquardt' }
  },
  summary({ student, learnSigmas, optimizer, teacher, features }) {
    const what = `${solverWords(student)}${learnSigmas ? ' and its time points' : ''}`
    return `${what} by ${optimizer.name} from ${ofCase(teacher)}${features ? ', in feature space' : ''}`
  },
  derived({ teacher: taught, validation, validationSeeds }, find): TeacherStage[] {
    const found = find(taught)
    return isOf(teacher, found) ? [{ ...found, name: validation, seeds: validationSeeds }] : []
  },
  timePoints: {
    schedule: ({ student }) => student.schedule,
    changed: (stage, change) => ({ ...stage, student: { ...stage.student, schedule: change(stage.student.schedule) } }),
    compared
  },
  fit: ({ name, student }, model) => fitOf(name, student, undefined, model),
  async check({ name, features }, context) {
    if (features) await checkInception({ ...features, name }, context)
  },
  run,
  lines: 4
}

function evaluationsOf(
  { optimizer, student, learnSigmas, teacher: taught, validation }: DistillStage,
  find: FindStage
): number {
  const count = (name: string) => {
    const found = find(name)
    return isOf(teacher, found) ? found.seeds.length : 0
  }
  return distillCost(optimizer, {
    ...effortOf(student),
    learnsSigmas: learnSigmas,
    training: count(taught),
    validation: count(validation)
  })
}

/** Compares what could not be compared while ends were missing. */
function compared({ name, student, teacher: taught }: DistillStage, find: FindStage): undefined {
  const found = find(taught)
  if (!isOf(teacher, found)) return
  const plain = student.name !== 'epd' && student.name !== 'amed'
  const difference = differenceOf(gridOf(student), found.grid, plain)
  if (difference)
    throw new EpdError(
      'spec-invalid',
      `stage "${name}": expected the time points of teacher "${taught}" (${difference.taught}), found ${difference.found}`
    )
}

/** Finds the predictor with which the student follows its teacher; each iteration is a row, from which it can continue. */
async function run(stage: DistillStage, context: StageContext): Promise<StageCost> {
  const { store, key, claim, inputKey, promptsOf, signal, onProgress } = context
  const { student, learnSigmas, optimizer, objective, start, seed } = stage
  const model = await context.openModel()
  const sigmas = schedule({ ...student.schedule, numSteps: student.numSteps, model })
  const total = mostIterations(stage)
  const resume = store.iterationState(key)
  const [, height, width] = imageShape(model)
  const inception = stage.features && (await openFeatures(stage.features, [height, width], context))
  const found = await distilled({
    model,
    student: studentOf(student),
    learnSigmas,
    sigmas,
    teacher: readTrajectories(store, inputKey(stage.teacher), promptsOf),
    validation: readTrajectories(store, inputKey(stage.validation), promptsOf),
    optimizer,
    ...(student.name !== 'amed' && { objective }),
    view: inception && featureView(inception, model.decoder),
    start,
    seed,
    signal,
    resume: isDistillState(resume) ? resume : undefined,
    onIteration: (row, state) => {
      store.putIteration(claim, row, state)
      onProgress({ done: row.iteration, total, unit: 'iterations', note: describe(row) })
    }
  }).finally(() => inception?.close())
  const { predictor, loss, validationLoss, evaluations } = found
  store.putPredictor(claim, {
    predictor,
    sigmas: [...found.sigmas],
    loss,
    validationLoss: validationLoss ?? null,
    evaluations
  })
  return { nfe: student.nfe, evaluations }
}

function studentOf(spec: StudentSpec): Student {
  if (spec.name !== 'epd' && spec.name !== 'amed') return spec
  const { scaleDir, scaleTime } = spec
  return { ...spec, ranges: { scaleDir, scaleTime } }
}

/** How many iterations the optimiser may take. */
export function mostIterations({ optimizer, student }: DistillStage): number {
  if (optimizer.name === 'adam') return Math.ceil(optimizer.trajectories / optimizer.batch)
  const { iterations, finalIterations } = optimizer
  return (student.name === 'epd' ? iterations * (student.numSteps - 1) : 0) + finalIterations
}

/** The line of an iteration. Losses are shown as root mean squares. */
function describe({ iteration, phase, step, loss, validationLoss, evaluations, accepted, damping }: Iteration): string {
  const rms = (value: number) => Math.sqrt(value).toPrecision(4)
  return [
    `${iteration}`.padStart(3),
    phase === 'step' ? `step ${step ?? ''}` : phase,
    `rms loss ${rms(loss)}`,
    validationLoss === undefined ? '' : `validation ${rms(validationLoss)}`,
    `${evaluations.toLocaleString('en')} evaluations`,
    accepted ? 'accepted' : 'refused',
    damping === undefined ? '' : `damping ${damping.toPrecision(2)}`
  ]
    .filter(Boolean)
    .join('  ')
}

/** Whether it is what onIteration was given; the key of a stage sees to it that it is of the same optimiser and version. */
function isDistillState(value: unknown): value is DistillState {
  return typeof value === 'object' && value !== null && 'name' in value && 'iteration' in value
}
