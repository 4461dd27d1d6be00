import { EpdError } from '../errors.js'
import { describeLeaving, leaves } from '../solvers/range.js'
import { endsOf } from '../solvers/spec.js'
import type { AnyExperiment } from '../experiment/experiment.js'
import { solversWith } from '../experiment/plugins.js'
import type { KnownModel, StageBase, StageKind } from '../stages/kind.js'
import { STAGE_KINDS, type StageKinds } from '../stages/registry.js'

/**
 * Whether an experiment's stages, with the model's time points in them, can be run on it. Returns where a predictor is
 * used with another model than its own.
 * @throws EpdError `spec-invalid` where a solver cannot be used with the model, and where time points leave the steps
 * or times that it was trained at; `predictor-mismatch` where a predictor has another model and that is not allowed
 */
export function checkFit(
  { stages, plugins, allowMismatch }: AnyExperiment,
  model: KnownModel,
  kinds: StageKinds = STAGE_KINDS
): string[] {
  const solvers = solversWith(plugins)
  return stages.flatMap(stage => {
    const kind = kinds.of(stage)
    checkRange(stage, kind, model)
    const mismatch = kind.fit?.(stage, model, solvers)
    if (mismatch === undefined) return []
    const message = `stage "${stage.name}": ${mismatch}`
    if (!allowMismatch) throw new EpdError('predictor-mismatch', message, { wayOut: 'allow-mismatch' })
    return [message]
  })
}

/**
 * Refuses time points beyond the steps, or the times between two, that a model was trained at: noise beyond them means
 * nothing to it.
 */
function checkRange(stage: StageBase, { timePoints }: StageKind, model: KnownModel): void {
  const schedule = timePoints?.schedule(stage)
  if (!schedule) return
  const { sigmaMin, sigmaMax } = endsOf(schedule)
  if (sigmaMax === Infinity && !model.pureNoise)
    throw new EpdError(
      'spec-invalid',
      `stage "${stage.name}": its time points begin at infinite noise (t = 1), which the model is not told of: its last noise level is ${model.sigmaMax}`
    )
  if (!model.bounded) return
  if (sigmaMin === undefined || sigmaMax === undefined || !leaves({ sigmaMin, sigmaMax }, model)) return
  throw new EpdError('spec-invalid', `stage "${stage.name}": its ${describeLeaving({ sigmaMin, sigmaMax }, model)}`)
}
