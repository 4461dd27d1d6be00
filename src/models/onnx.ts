import { digestOf } from '../checkpoints/digest.js'
import { fileDigest } from '../checkpoints/checkpoint.js'
import { onnxInterface, type OnnxInterface, type OnnxValue } from '../engines/onnx/interface.js'
import { openOnnxFile } from '../engines/open.js'
import { inParts } from '../engines/pool.js'
import type { EngineOptions } from '../engines/registry.js'
import type { Feed, Session } from '../engines/session.js'
import { EpdError } from '../errors.js'
import { INPUTS } from '../networks/network.js'
import { betweenSteps } from './between-steps.js'
import { withClipping } from './clipped.js'
import { classesOf, type Shape } from './denoiser.js'
import { denoiserOf } from './network-denoiser.js'
import type { ClipDenoised, Model } from './model.js'
import { parametrisation, type NoiseSpec, type Prediction } from './parametrisation.js'

/** An ONNX file with what it was trained to answer. */
export interface OnnxModelOptions extends EngineOptions {
  readonly onnx: string
  /** The names of its inputs. Classes are one-hot rows, or numbers where the input is of whole numbers. */
  readonly inputs: { readonly x: string; readonly noise: string; readonly labels?: string }
  /** Default: its first. */
  readonly output?: string
  readonly predicts: Prediction
  readonly noise: NoiseSpec
  /** Default: as the file has it. */
  readonly shape?: Shape
  /** The number of classes; default: as the file has it. */
  readonly labels?: number
  /** Default: denoised data are not clamped. */
  readonly clipDenoised?: ClipDenoised
  readonly threads?: number
  /** Told of an engine that is there but fails. */
  readonly onNote?: (message: string) => void
}

/** ONNX's number of whole numbers. */
const WHOLE = [6, 7]

/**
 * Opens an ONNX file of somebody else's as a model. Its inputs are found by their names and sizes, unless the options
 * name them.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `model-invalid`, `engine-failed`
 */
export async function openOnnxModel(options: OnnxModelOptions): Promise<Model> {
  const { onnx, predicts, noise } = options
  const file = await onnxInterface(onnx)
  const inputs = inputsOf(options, file)
  const shape = shapeOf(options, inputs.x)
  const labelDim = labelsOf(options, inputs.labels)
  const files = await Promise.all(
    [onnx, ...file.external].map(async path => ({ path, digest: await fileDigest(path) }))
  )
  const { engine, runner, batchInvariant, devices, session, close } = await openOnnxFile({ ...options, files })
  const outputs = file.outputs.map(({ name }) => name)
  const output = outputs.indexOf(options.output ?? outputs[0])
  if (output < 0)
    throw new EpdError('model-invalid', `${onnx}: has no output ${options.output ?? ''}; it has ${outputs.join(', ')}`)
  const declared = { inputs: options.inputs, output: outputs[output], predicts, noise, shape, labelDim }
  const open = async () => adapted(await session(), inputs, labelDim, output)
  const model = (told: NoiseSpec, session: () => Promise<Session>) =>
    denoiserOf({ shape, labelDim }, parametrisation(predicts, told), session, { devices })
  const whole = WHOLE.includes(inputs.noise.type) || (noise.type === 'steps' && noise.rounding === 'nearest')
  const exact = noise.type === 'steps' ? { ...noise, rounding: undefined } : noise
  const opened: Model = {
    ...model(noise, open),
    smooth: whole ? model(exact, async () => betweenSteps(await open())) : undefined,
    ...{ engine, runner, batchInvariant, close },
    digest: digestOf([files.map(({ digest }) => digest), declared])
  }
  return withClipping(opened, options.clipDenoised)
}

interface Inputs {
  readonly x: OnnxValue
  readonly noise: OnnxValue
  readonly labels?: OnnxValue
}

function inputsOf({ onnx, inputs }: OnnxModelOptions, file: OnnxInterface): Inputs {
  const names = file.inputs.map(({ name }) => name)
  const find = (role: string, name: string) => {
    const found = file.inputs.find(input => input.name === name)
    if (found) return found
    throw new EpdError(
      'model-invalid',
      `${onnx}: has no input ${name}, which is named as its ${role}; it has ${names.join(', ')}`
    )
  }
  const { x, noise, labels } = inputs
  const found = {
    x: find('x', x),
    noise: find('noise', noise),
    labels: labels === undefined ? undefined : find('labels', labels)
  }
  const unnamed = names.filter(name => ![x, noise, labels].includes(name))
  if (unnamed.length > 0)
    throw new EpdError(
      'model-invalid',
      `${onnx}: its input ${unnamed.join(', ')} is not named under inputs; known are x, noise and labels`
    )
  return found
}

function shapeOf({ onnx, shape }: OnnxModelOptions, { name, shape: own }: OnnxValue): Shape {
  const [channels, height, width] = shape ?? own.slice(1)
  if (own.length !== 4)
    throw new EpdError(
      'model-invalid',
      `${onnx}: its input ${name} has ${own.length} dimensions; expected batch, channels, height and width`
    )
  if ([channels, height, width].some(size => size < 1))
    throw new EpdError(
      'model-invalid',
      `${onnx}: does not fix the size of ${name}; say it by shape: [channels, height, width]`
    )
  own.slice(1).forEach((size, i) => {
    if (size > 0 && size !== [channels, height, width][i])
      throw new EpdError(
        'model-invalid',
        `${onnx}: takes ${name} of ${own.slice(1).join('x')}, and shape says ${[channels, height, width].join('x')}`
      )
  })
  return [channels, height, width]
}

function labelsOf({ onnx, labels }: OnnxModelOptions, input: OnnxValue | undefined): number {
  if (!input) return 0
  const count = labels ?? (WHOLE.includes(input.type) ? -1 : (input.shape.at(-1) ?? -1))
  if (count < 1)
    throw new EpdError('model-invalid', `${onnx}: does not tell how many classes ${input.name} knows; say it by labels`)
  return count
}

/** The session of another's graph, asked as ours are. */
function adapted(session: Session, { x, noise, labels }: Inputs, labelDim: number, output: number): Session {
  const single = noise.shape.length === 0 || x.shape[0] === 1
  const most = single ? 1 : x.shape[0] > 0 ? x.shape[0] : Infinity
  const ask = async (feeds: readonly Feed[]) => {
    const answers = await session.run(feeds.map(feed => named(feed)))
    return [answers[output]]
  }
  const named = (feed: Feed): Feed => {
    const [batch] = feed.shape
    if (feed.name === INPUTS.x) return { ...feed, name: x.name }
    if (feed.name === INPUTS.noise)
      return {
        ...feed,
        name: noise.name,
        shape: noise.shape.length === 0 ? [] : noise.shape.length === 1 ? [batch] : [batch, 1]
      }
    if (!labels || !WHOLE.includes(labels.type)) return { ...feed, name: labels?.name ?? feed.name }
    const numbers = Float32Array.from(classesOf(feed.data, labelDim), label => Math.max(label, 0))
    return { name: labels.name, shape: labels.shape.length === 2 ? [batch, 1] : [batch], data: numbers }
  }
  return { ...session, run: feeds => (feeds[0].shape[0] > most ? inParts(feeds, most, ask) : ask(feeds)) }
}
