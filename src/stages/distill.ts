import { distill, type DistillState } from '../distill/distill.js'
import { featureView } from '../distill/feature-view.js'
import type { Iteration } from '../distill/task.js'
import { schedule } from '../solvers/schedule.js'
import { optimiserOf } from '../distill/registry.js'
import { studentOf } from '../distill/student.js'
import { bound } from '../solvers/options.js'
import type { Solvers } from '../solvers/registry.js'
import type { DistillStage } from '../spec/experiment.js'
import { check as checkFeatures, openFeatures } from './features.js'
import { imageShape, type CheckContext, type StageContext, type StageCost } from './stage.js'
import { readTrajectories } from './teacher.js'

/** Finds the predictor with which the student follows its teacher; each iteration is a row, from which it can continue. */
export async function run(stage: DistillStage, context: StageContext): Promise<StageCost> {
  const { store, key, claim, inputKey, promptsOf, signal, onProgress, solvers } = context
  const { student, learnSigmas, optimizer, objective, start, seed } = stage
  const model = await context.openModel()
  const sigmas = schedule({ ...student.schedule, numSteps: student.numSteps, model })
  const solver = bound(student, solvers)
  const { learns } = solver.descriptor
  const total = mostIterations(stage, solvers)
  const resume = store.iterationState(key)
  const [, height, width] = imageShape(model)
  const inception = stage.features && (await openFeatures(stage.features, [height, width], context))
  const found = await distill({
    model,
    student: studentOf(solver),
    learnSigmas,
    sigmas,
    teacher: readTrajectories(store, inputKey(stage.teacher), promptsOf),
    validation: readTrajectories(store, inputKey(stage.validation), promptsOf),
    optimizer,
    ...(learns !== 'network' && { objective }),
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
  const { learned, loss, validationLoss, evaluations } = found
  store.putPredictor(claim, {
    predictor: learned,
    sigmas: [...found.sigmas],
    loss,
    validationLoss: validationLoss ?? null,
    evaluations
  })
  return { nfe: student.nfe, evaluations }
}

/** Whether what the loss looks through can be had. */
export async function check({ name, features }: DistillStage, context: CheckContext): Promise<void> {
  if (features) await checkFeatures({ ...features, name }, context)
}

/** How many iterations the optimiser may take. */
export function mostIterations({ optimizer, student, learnSigmas }: DistillStage, solvers: Solvers): number {
  const { learns } = bound(student, solvers).descriptor
  const extent = { learns, steps: student.numSteps - 1, learnsSigmas: learnSigmas }
  return optimiserOf(learns, optimizer.name)?.mostIterations(optimizer, extent) ?? 0
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

/** Whether it is a state; the key of the stage sees to it that the same optimiser of the same version has left it. */
function isDistillState(value: unknown): value is DistillState {
  return typeof value === 'object' && value !== null && 'name' in value && 'iteration' in value
}
