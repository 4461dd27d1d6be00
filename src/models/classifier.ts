import { fileDigest } from '../checkpoints/checkpoint.js'
import { readTensors } from '../checkpoints/network.js'
import { readUnchanged } from '../checkpoints/unchanged.js'
import { COMPILER_VERSION, record } from '../engines/onnx/compile.js'
import { compiledOnce } from '../engines/onnx/compiled.js'
import { openNetwork } from '../engines/open.js'
import type { Numbers, Session } from '../engines/session.js'
import { EpdError } from '../errors.js'
import {
  classifierConfig,
  classifierRecipe,
  recogniseClassifier,
  type RecognisedClassifier
} from '../networks/guided-classifier.js'
import { INPUTS } from '../networks/network.js'
import type { Shape } from './denoiser.js'
import type { OpenModelOptions } from './model.js'

/** A classifier of noisy images. */
export interface Classifier {
  readonly classes: number
  /** The SHA-256 over graph and weights. */
  readonly digest: string
  /**
   * The gradient of log p(class | x) by x, [batch, ...shape], and the logits, [batch, classes]; x and noise as a
   * network is given them, labels as rows of [batch, classes].
   */
  answer(x: Float32Array, noise: Float32Array, labels: Float32Array): Promise<{ gradient: Numbers; logits: Numbers }>
  readonly elapsed: () => number
  close(): Promise<void>
}

/** @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `model-invalid`, `engine-failed` */
export async function openClassifier(
  path: string,
  shape: Shape,
  options: Omit<OpenModelOptions, 'checkpoint'> & { readonly cacheDir: string }
): Promise<Classifier> {
  const digest = await fileDigest(path)
  const tensors = () =>
    readUnchanged(
      path,
      digest,
      () => fileDigest(path),
      () => readTensors(path)
    )
  const content = `${digest}-classifier-${shape.join('x')}`
  const name = `${content}-${COMPILER_VERSION}`
  const { graph, about } = await compiledOnce({
    folder: options.cacheDir,
    name,
    isAbout: isRecognised,
    onNote: options.onNote,
    make: async () => {
      const found = await tensors()
      const about = recogniseClassifier(found, shape)
      if (!about)
        throw new EpdError(
          'model-invalid',
          `${path}: its tensors are of no classifier of noisy images of ${shape.join('x')}; expected one of ` +
            'guided-diffusion, as 256x256_classifier.pt'
        )
      return { graph: record(classifierRecipe(classifierConfig(about)), found), about }
    }
  })
  const recipe = classifierRecipe(classifierConfig(about))
  const { session, close } = await openNetwork({ ...options, recipe, tensors, content })
  let running: Session | undefined
  return {
    classes: about.classes,
    digest: graph,
    async answer(x, noise, labels) {
      running ??= await session()
      const batch = noise.length
      const [gradient, logits] = await running.run([
        { name: INPUTS.x, shape: [batch, ...shape], data: Float32Array.from(x) },
        { name: INPUTS.noise, shape: [batch, 1], data: Float32Array.from(noise) },
        { name: INPUTS.labels, shape: [batch, about.classes], data: Float32Array.from(labels) }
      ])
      return { gradient, logits }
    },
    elapsed: () => running?.elapsed() ?? 0,
    close
  }
}

function isRecognised(value: unknown): value is RecognisedClassifier {
  return typeof value === 'object' && value !== null && 'classes' in value && 'channelMult' in value
}
