import { digestOf } from '../checkpoints/digest.js'
import { EpdError } from '../errors.js'
import { openClassifier, type Classifier } from './classifier.js'
import { oneHot, type Condition, type Denoiser } from './denoiser.js'
import type { Model, OpenModelOptions } from './model.js'
import type { Preconditioning } from './preconditioning.js'

/**
 * A model led by a classifier (Dhariwal & Nichol 2021, Algorithm 2): D(x; sigma) + scale sigma^2 grad log p(class | x),
 * the gradient by x in the variance-exploding convention. The classifier is given what the network is given. Its
 * evaluation is not counted in NFE, as the paper does not.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `model-invalid`, `engine-failed`
 */
export async function guided(
  model: Model,
  precondition: Preconditioning,
  { classifier: path, scale }: { readonly classifier: string; readonly scale: number },
  options: Omit<OpenModelOptions, 'checkpoint'> & { readonly cacheDir: string }
): Promise<Model> {
  const classifier = await openClassifier(path, model.shape, options)
  if (model.labelDim > 0 && model.labelDim !== classifier.classes)
    throw new EpdError(
      'model-invalid',
      `${path}: knows ${classifier.classes} classes, the model ${model.labelDim}; guidance needs the same`
    )
  const { smooth } = model
  const leads = { classifier, precondition, scale, conditional: model.labelDim > 0 }
  return {
    ...model,
    ...led(model, leads),
    smooth: smooth && led(smooth, leads),
    // The gradient's factor is infinite there.
    pureNoise: false,
    digest: digestOf([model.digest, classifier.digest, scale]),
    elapsed: () => model.elapsed() + classifier.elapsed(),
    async close() {
      await Promise.all([model.close(), classifier.close()])
    }
  }
}

interface Leads {
  readonly classifier: Classifier
  readonly precondition: Preconditioning
  readonly scale: number
  /** Whether the model itself is told the classes. */
  readonly conditional: boolean
}

function led<Of extends Denoiser>(model: Of, { classifier, precondition: { at }, scale, conditional }: Leads): Of {
  const { classes } = classifier
  const own = (condition: Condition | undefined) => (conditional ? condition : undefined)
  async function lead(denoised: Float64Array, x: Float64Array, sigma: Float64Array, condition?: Condition) {
    if (!condition?.labels) return denoised
    const size = x.length / sigma.length
    const coefficients = Array.from(sigma, at)
    const given = Float32Array.from(x, (value, i) => coefficients[Math.floor(i / size)].in * value)
    const noise = Float32Array.from(coefficients, ({ noise }) => noise)
    const { gradient } = await classifier.answer(given, noise, oneHot(sigma.length, classes, condition.labels))
    return denoised.map((value, i) => {
      const b = Math.floor(i / size)
      return value + scale * sigma[b] ** 2 * coefficients[b].in * gradient[i]
    })
  }
  const { features } = model
  return {
    ...model,
    labelDim: classes,
    denoise: async (x: Float64Array, sigma: Float64Array, condition?: Condition) =>
      lead(await model.denoise(x, sigma, own(condition)), x, sigma, condition),
    features: features && {
      ...features,
      async denoise(x: Float64Array, sigma: Float64Array, condition?: Condition) {
        const answer = await features.denoise(x, sigma, own(condition))
        return { ...answer, denoised: await lead(answer.denoised, x, sigma, condition) }
      }
    }
  }
}
