import { EpdError } from '../errors.js'
import type { ModelMark, PredictorRecord } from '../predictors/record.js'
import { either } from '../reading/problem.js'
import { lacksFeatures } from '../solvers/check-options.js'
import { hasParameters, isAmed } from '../solvers/learned.js'
import { solverNamed, type Solvers } from '../solvers/registry.js'
import type { SolverSpec } from '../solvers/spec.js'
import type { KnownModel } from './kind.js'

/**
 * Whether a solver, with its predictor if it has one, can be used with a model. Returns in words how the model differs
 * from the one that the predictor was distilled for.
 * @throws EpdError `spec-invalid` where a solver has no bottleneck to look at, or another than its network takes
 */
export function fitOf(
  stage: string,
  solver: SolverSpec,
  predictor: PredictorRecord | undefined,
  model: KnownModel,
  solvers: Solvers
): string | undefined {
  const lacking = lacksFeatures(solverNamed(solver.name, solvers), model)
  if (lacking !== undefined)
    throw new EpdError('spec-invalid', `stage "${stage}": ${solver.name} ${lacking}; choose ${others(solvers)}`)
  if (!predictor) return undefined
  checkFeatures(stage, predictor, model)
  const difference = differenceOf(predictor.model, model)
  return difference && `predictor ${predictor.name} was distilled for ${difference}`
}

/** The solvers that learn parameters as well, from what any model shows. */
function others(solvers: Solvers): string {
  const found = solvers.filter(({ learns, needsFeatures }) => hasParameters(learns) && !needsFeatures)
  return either(found.map(({ name }) => name))
}

function checkFeatures(stage: string, { name, learned }: PredictorRecord, { features }: KnownModel): void {
  if (!isAmed(learned) || !features) return
  const looked = learned.layers.encoder.weight[0].length
  if (looked !== features.size)
    throw new EpdError(
      'spec-invalid',
      `stage "${stage}": predictor ${name} looks at ${looked} features, and this model shows ${features.size}; distil one for it`
    )
}

/** Says how a model differs from the one that a predictor was distilled for; undefined where nothing known differs. */
function differenceOf({ dataset, shape, labelDim, digest }: ModelMark, model: KnownModel): string | undefined {
  const of = dataset === undefined ? '' : ` (${dataset})`
  if (shape && String(shape) !== String(model.shape))
    return `samples of ${shape.join('x')}${of}, and this model's are ${model.shape.join('x')}`
  if (labelDim !== undefined && labelDim !== model.labelDim)
    return `a model of ${labelDim} classes${of}, and this one has ${model.labelDim}`
  if (digest !== undefined && digest !== model.digest)
    return `model ${digest.slice(0, 12)}${of}, and this one is ${model.digest.slice(0, 12)}`
  return undefined
}
