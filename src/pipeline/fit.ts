import { EpdError } from '../errors.js'
import type { Denoiser } from '../models/denoiser.js'
import { lacksFeatures } from '../solvers/check-options.js'
import { hasParameters, isAmed } from '../solvers/learned.js'
import { describeLeaving, leaves } from '../solvers/range.js'
import { solverNamed, type Solvers } from '../solvers/registry.js'
import { endsOf } from '../solvers/spec.js'
import type { Experiment, ModelMark, SampleStage, Stage } from '../spec/experiment.js'
import { either } from '../spec/problem.js'
import { solversWith } from '../spec/plugins.js'
import { scheduleOfStage } from './time-points.js'

/** What is to be known of a model to tell whether stages can be run on it. */
export type KnownModel = Pick<Denoiser, 'shape' | 'labelDim' | 'features' | 'bounded' | 'sigmaMin' | 'sigmaMax'> & {
  readonly digest: string
}

/**
 * Whether an experiment's stages, with the model's time points in them, can be run on it. Returns where a predictor is used with another
 * model than its own.
 * @throws EpdError `spec-invalid` where a solver has no bottleneck to look at, or another than its network takes, and where time points
 * leave the steps or times that a model was trained at; `predictor-mismatch` where a predictor has another model and that is not allowed
 */
export function checkFit({ stages, plugins, allowMismatch }: Experiment, model: KnownModel): string[] {
  const solvers = solversWith(plugins)
  const warnings: string[] = []
  for (const stage of stages) {
    checkRange(stage, model)
    const used = stage.kind === 'sample' ? stage.solver : stage.kind === 'distill' ? stage.student : undefined
    const descriptor = used && solverNamed(used.name, solvers)
    const lacking = descriptor && lacksFeatures(descriptor, model)
    if (lacking !== undefined)
      throw new EpdError(
        'spec-invalid',
        `stage "${stage.name}": ${descriptor?.name ?? ''} ${lacking}; choose ${others(solvers)}`
      )
    if (stage.kind !== 'sample' || !stage.predictor) continue
    checkFeatures(stage, model)
    const difference = differenceOf(stage.predictor.model, model)
    if (difference === undefined) continue
    const message = `stage "${stage.name}": predictor ${stage.predictor.name} was distilled for ${difference}`
    if (!allowMismatch) throw new EpdError('predictor-mismatch', message, { wayOut: 'allow-mismatch' })
    warnings.push(message)
  }
  return warnings
}

/** The solvers that learn parameters as well, from what any model shows. */
function others(solvers: Solvers): string {
  const found = solvers.filter(({ learns, needsFeatures }) => hasParameters(learns) && !needsFeatures)
  return either(found.map(({ name }) => name))
}

/** Refuses time points beyond the steps, or the times between two, that a model was trained at: noise beyond them means nothing to it. */
function checkRange(stage: Stage, model: KnownModel): void {
  const schedule = scheduleOfStage(stage)
  if (!schedule || !model.bounded) return
  const { sigmaMin, sigmaMax } = endsOf(schedule)
  if (sigmaMin === undefined || sigmaMax === undefined || !leaves({ sigmaMin, sigmaMax }, model)) return
  throw new EpdError('spec-invalid', `stage "${stage.name}": its ${describeLeaving({ sigmaMin, sigmaMax }, model)}`)
}

function checkFeatures({ name, predictor }: SampleStage, { features }: KnownModel): void {
  if (!predictor || !isAmed(predictor.learned) || !features) return
  const looked = predictor.learned.layers.encoder.weight[0].length
  if (looked !== features.size)
    throw new EpdError(
      'spec-invalid',
      `stage "${name}": predictor ${predictor.name} looks at ${looked} features, and this model shows ${features.size}; distil one for it`
    )
}

/** In words, how a model differs from the one that a predictor was distilled for; undefined where nothing known does. */
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
