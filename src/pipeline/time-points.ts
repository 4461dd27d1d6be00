import { EpdError } from '../errors.js'
import { hasParameters } from '../solvers/learned.js'
import { rangeOf, type RangedModel } from '../solvers/range.js'
import { solverNamed, type Solvers } from '../solvers/registry.js'
import { schedule as timePoints } from '../solvers/schedule.js'
import { gridOf, type GridSpec, type OnGrid, type ScheduleSpec } from '../solvers/spec.js'
import type { Experiment, SampleStage, Stage } from '../spec/experiment.js'
import { differenceOf } from '../spec/grids.js'
import { solversWith } from '../spec/plugins.js'
import { checkSchedule } from '../spec/time-points.js'

/** The time points of a stage, if it evaluates the model on any. */
export function scheduleOfStage(stage: Stage): ScheduleSpec | undefined {
  if (stage.kind === 'teacher') return stage.grid
  if (stage.kind === 'distill') return stage.student.schedule
  return stage.kind === 'sample' ? stage.solver.schedule : undefined
}

/**
 * An experiment with the model's own ends in the schedules that state none, and the noise levels of its timesteps in place of these, so that
 * keys of stages hold the numbers.
 * @throws EpdError `spec-invalid` for time points that the model cannot have, and a student that stands elsewhere than its teacher leads;
 * `predictor-mismatch` where a predictor is for other time points and that is not allowed
 */
export function withTimePoints(experiment: Experiment, model: RangedModel): Experiment {
  const { allowMismatch } = experiment
  const filled = experiment.stages.map(stage => inModel(stage, model))
  checkTeachers(filled, solversWith(experiment.plugins))
  const warnings = [...experiment.warnings]
  const stages = filled.map(stage => {
    const difference = stage.kind === 'sample' ? mismatchOf(stage, filled, model) : undefined
    if (difference === undefined) return stage
    const message = `stage "${stage.name}": ${difference}`
    if (!allowMismatch) throw new EpdError('predictor-mismatch', message, { wayOut: 'allow-mismatch' })
    warnings.push(message)
    return { ...stage, mismatched: true as const }
  })
  return { ...experiment, stages, warnings }
}

/** In words, how a sample stage's time points differ from those that its predictor was distilled for, where that was not known before. */
function mismatchOf(
  { solver, from, predictor, mismatched, name }: SampleStage,
  stages: readonly Stage[],
  model: RangedModel
): string | undefined {
  if (mismatched) return undefined
  const source = stages.find(stage => stage.name === from)
  const student = source?.kind === 'distill' ? source.student : predictor?.solver
  if (!student) return undefined
  const own = solverIn(student, schedule => scheduleIn(schedule, model, name))
  const difference = differenceOf(gridOf(solver), gridOf(own), false)
  return difference && `its predictor was distilled for ${difference.taught}, and is used on ${difference.found}`
}

function inModel(stage: Stage, model: RangedModel): Stage {
  const filled = (schedule: ScheduleSpec) => scheduleIn(schedule, model, stage.name)
  if (stage.kind === 'teacher') return { ...stage, grid: gridIn(stage.grid, filled) }
  if (stage.kind === 'distill') return { ...stage, student: solverIn(stage.student, filled) }
  return stage.kind === 'sample' ? { ...stage, solver: solverIn(stage.solver, filled) } : stage
}

function gridIn({ numSteps, ...schedule }: GridSpec, filled: (schedule: ScheduleSpec) => ScheduleSpec): GridSpec {
  return { ...filled(schedule), numSteps }
}

function solverIn<Solver extends OnGrid>(solver: Solver, filled: (schedule: ScheduleSpec) => ScheduleSpec): Solver {
  return { ...solver, schedule: filled(solver.schedule) }
}

function scheduleIn(schedule: ScheduleSpec, model: RangedModel, stage: string): ScheduleSpec {
  if (schedule.type !== 'explicit') {
    const filled = { ...schedule, ...rangeIn(schedule, model) }
    checkSchedule(filled, ['schedule'], (path, message) => {
      throw new EpdError('spec-invalid', `stage "${stage}": ${path.join('.')}: ${message}`)
    })
    return filled
  }
  const { timesteps, finalSigma, ...rest } = schedule
  if (!timesteps) return schedule
  try {
    return { ...rest, sigmas: [...timePoints({ type: 'explicit', timesteps, finalSigma, model })] }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new EpdError('spec-invalid', `stage "${stage}": schedule.timesteps: ${error.message}`, { cause: error })
  }
}

/** The ends that are given, and the model's for those that are not. */
function rangeIn({ sigmaMin, sigmaMax }: { sigmaMin?: number; sigmaMax?: number }, model: RangedModel) {
  const own = rangeOf(model)
  return { sigmaMin: sigmaMin ?? own.sigmaMin, sigmaMax: sigmaMax ?? own.sigmaMax }
}

/** What could not be compared while ends were missing. */
function checkTeachers(stages: readonly Stage[], solvers: Solvers): void {
  for (const stage of stages) {
    if (stage.kind !== 'distill') continue
    const teacher = stages.find(({ name }) => name === stage.teacher)
    if (teacher?.kind !== 'teacher') continue
    const plain = !hasParameters(solverNamed(stage.student.name, solvers).learns)
    const difference = differenceOf(gridOf(stage.student), teacher.grid, plain)
    if (difference)
      throw new EpdError(
        'spec-invalid',
        `stage "${stage.name}": expected the time points of teacher "${teacher.name}" (${difference.taught}), found ${difference.found}`
      )
  }
}
