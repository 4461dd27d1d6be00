import { EpdError } from '../errors.js'
import type { Denoiser } from '../models/denoiser.js'
import { isAmed } from '../solvers/learned.js'
import type { Experiment, ModelMark, SampleStage } from '../spec/experiment.js'

/** What is to be known of a model to tell whether stages can be run on it. */
export type KnownModel = Pick<Denoiser, 'shape' | 'labelDim' | 'features' | 'bounded' | 'sigmaMin' | 'sigmaMax'> & {
  readonly digest: string
}

/**
 * Whether an experiment's stages can be run on its model. Returns where a predictor is used with another model than its
 * own, and where time points lie beyond what a model knows.
 * @throws EpdError `spec-invalid` where amed has no bottleneck to look at, or another than its network takes;
 * `predictor-mismatch` where a predictor has another model and that is not allowed
 */
export function checkFit({ stages, allowMismatch }: Experiment, model: KnownModel): string[] {
  const warnings = beyond(stages, model)
  for (const stage of stages) {
    const solver = stage.kind === 'sample' ? stage.solver : stage.kind === 'distill' ? stage.student : undefined
    if (solver?.name === 'amed' && !model.features)
      throw new EpdError(
        'spec-invalid',
        `stage "${stage.name}": amed looks at the bottleneck of the model's network, which this model does not show; choose epd`
      )
    if (stage.kind !== 'sample' || !stage.predictor) continue
    checkFeatures(stage, model)
    const difference = differenceOf(stage.predictor.model, model)
    if (difference === undefined) continue
    const message = `stage "${stage.name}": predictor ${stage.predictor.name} was distilled for ${difference}`
    if (!allowMismatch) throw new EpdError('predictor-mismatch', `${message}; --allow-mismatch uses it all the same`)
    warnings.push(message)
  }
  return warnings
}

/** How far time points may lie beyond a model's without a word. */
const MARGIN = 1.01

/** Time points at which a network that was trained at steps, or at times between two, was never asked: said once a range. */
function beyond(
  stages: Experiment['stages'],
  { bounded = false, sigmaMin: least, sigmaMax: most }: KnownModel
): string[] {
  if (!bounded) return []
  const found = new Map<string, string>()
  for (const stage of stages) {
    if (stage.kind !== 'sample' && stage.kind !== 'teacher') continue
    const { sigmaMin, sigmaMax } = stage.kind === 'sample' ? stage.solver.schedule : stage.grid
    if (sigmaMin * MARGIN >= least && sigmaMax <= most * MARGIN) continue
    const range = `${sigmaMax} to ${sigmaMin}`
    const trained = `${most.toPrecision(6)} to ${least.toPrecision(6)}`
    const message = `stage "${stage.name}": its time points go from sigma ${range}, and the model was trained from ${trained}; set schedule.sigmaMin and sigmaMax`
    if (!found.has(range)) found.set(range, message)
  }
  return [...found.values()]
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
