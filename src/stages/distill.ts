import { distill } from '../distill/distill.js'
import { gather } from '../distill/trajectories.js'
import { schedule } from '../solvers/schedule.js'
import type { DistillStage } from '../spec/experiment.js'
import { readTrajectories } from './teacher.js'
import type { StageContext, StageCost } from './stage.js'

export const version = 1

/** Finds the predictor with which the student follows its teacher; each iteration is a row, from which it can continue. */
export async function run(stage: DistillStage, context: StageContext): Promise<StageCost> {
  const { store, key, claim, inputKey, signal, onProgress } = context
  const { student, objective, start, seed } = stage
  const model = await context.openModel()
  const sigmas = schedule({ ...student.schedule, numSteps: student.numSteps, model })
  const result = await distill({
    model,
    student,
    sigmas,
    teacher: await gather(readTrajectories(store, inputKey(stage.teacher))),
    validation: await gather(readTrajectories(store, inputKey(stage.validationTeacher))),
    optimizer: stage.optimizer,
    objective,
    start,
    seed,
    signal,
    resume: store.iterationState(key),
    onIteration: (row, state) => {
      store.putIteration(claim, row, state)
      onProgress({ done: row.iteration + 1, total: row.total, unit: 'iterations', note: describe(row) })
    }
  })
  const { predictor, loss, validationLoss, evaluations } = result
  store.putPredictor(claim, { predictor, sigmas: [...sigmas], loss, validationLoss, evaluations })
  return { nfe: student.nfe, evaluations }
}
