import { EpdError } from '../errors.js'
import { flowTime } from '../solvers/coordinates.js'
import { rangeOf, type RangedModel } from '../solvers/range.js'
import { schedule as timePoints } from '../solvers/schedule.js'
import type { ScheduleSpec } from '../solvers/spec.js'
import type { AnyExperiment } from '../experiment/experiment.js'
import { solversWith } from '../experiment/plugins.js'
import { checkSchedule } from '../solvers/time-points.js'
import type { StageBase } from '../stages/kind.js'
import { STAGE_KINDS, type StageKinds } from '../stages/registry.js'

/**
 * An experiment with the model's own ends in the schedules that state none, and the noise levels of its timesteps in
 * place of these, so that keys of stages hold the numbers.
 * @throws EpdError `spec-invalid` for time points that the model cannot have, and a student that stands elsewhere than
 * its teacher leads; `predictor-mismatch` where a predictor is for other time points and that is not allowed
 */
export function withTimePoints(
  experiment: AnyExperiment,
  model: RangedModel,
  kinds: StageKinds = STAGE_KINDS
): AnyExperiment {
  const inModel = (name: string) => (schedule: ScheduleSpec) => scheduleIn(schedule, model, name)
  const changed = (stage: StageBase) => kinds.of(stage).timePoints?.changed(stage, inModel(stage.name)) ?? stage
  const filled = new Map(experiment.stages.map(stage => [stage.name, changed(stage)]))
  const around = { find: (name: string) => filled.get(name), solvers: solversWith(experiment.plugins) }
  const compared = [...filled.values()].map(stage => {
    const { timePoints } = kinds.of(stage)
    return { stage, mismatch: timePoints?.compared?.(stage, around, inModel(stage.name)) }
  })
  const warnings = compared.flatMap(({ stage, mismatch }) => {
    if (!mismatch) return []
    const message = `stage "${stage.name}": ${mismatch.message}`
    if (experiment.allowMismatch) return [message]
    throw new EpdError('predictor-mismatch', message, { wayOut: 'allow-mismatch' })
  })
  return {
    ...experiment,
    stages: compared.map(({ stage, mismatch }) => mismatch?.stage ?? stage),
    warnings: [...experiment.warnings, ...warnings]
  }
}

function scheduleIn(schedule: ScheduleSpec, model: RangedModel, stage: string): ScheduleSpec {
  if (schedule.type === 'flowmatch') return schedule
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
    const sigmas = [...timePoints({ type: 'explicit', timesteps, finalSigma, model })]
    // JSON has no infinite number.
    return sigmas[0] === Infinity ? { ...rest, times: sigmas.map(flowTime) } : { ...rest, sigmas }
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
