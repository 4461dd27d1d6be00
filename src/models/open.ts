import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { checkpointDigest, readNetworkCheckpoint, type StateDict } from '../checkpoints/network.js'
import type { NetworkCheckpoint } from '../checkpoints/tensor.js'
import { COMPILER_VERSION, record } from '../engines/onnx/compile.js'
import { compiledOnce, type Compiled } from '../engines/onnx/compiled.js'
import { openNetwork } from '../engines/open.js'
import type { EngineOptions } from '../engines/provider.js'
import type { Feed, Session } from '../engines/session.js'
import { EpdError } from '../errors.js'
import { bottleneckPixels, denoisingRecipe, INPUTS, networkOf, type Network } from '../networks/network.js'
import { recognise } from '../networks/recognise.js'
import { oneHot, type Condition, type Denoiser, type Shape } from './denoiser.js'
import { guided } from './classifier-guidance.js'
import { preconditioning, type Preconditioning } from './preconditioning.js'

export interface OpenModelOptions extends EngineOptions {
  /** Path of the checkpoint; see readNetworkCheckpoint for what it may be. */
  readonly checkpoint: string
  /** Folder of compiled graphs; default: epd-run in the user's cache folder. */
  readonly cacheDir?: string
  /** Threads of ONNX Runtime on a CPU; default: all cores. No result depends on it. */
  readonly threads?: number
  /** A classifier of noisy images, and how strongly its gradient leads. */
  readonly guidance?: { readonly classifier: string; readonly scale: number }
  /** Told of an engine that is there but fails, and of a device whose memory is full. */
  readonly onNote?: (message: string) => void
}

/** A diffusion model read from a checkpoint. */
export interface Model extends Denoiser {
  /** SHA-256 over the network's graph, its weights and its preconditioning, whatever file they came from. */
  readonly digest: string
  /** What the bits of its results depend on beside that: engine, provider, precision. */
  readonly engine: string
  /** Whether a sample's bits are the same in any batch. */
  readonly batchInvariant: boolean
  /** Milliseconds spent within the engine so far. */
  readonly elapsed: () => number
}

/**
 * Opens the model of a checkpoint. Its graph is compiled once and cached; the engine is started at the first evaluation.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `model-invalid`, `engine-failed`
 */
export async function openModel(options: OpenModelOptions): Promise<Model> {
  const { checkpoint, cacheDir = defaultCache(), guidance } = options
  const content = await checkpointDigest(checkpoint)
  const { graph, about } = await compile(checkpoint, content, cacheDir)
  const { className, initKwargs } = about
  const precondition = preconditioning(className, initKwargs)
  const network = networkOf(initKwargs, precondition.learnedVariance)
  const digest = createHash('sha256')
    .update(JSON.stringify([graph, className, initKwargs]))
    .digest('hex')
  const { engine, batchInvariant, devices, session, close } = await openNetwork({
    ...options,
    ...{ content, cacheDir, recipe: denoisingRecipe(network) },
    tensors: async () => (await readNetworkCheckpoint(checkpoint)).tensors
  })
  const model = { ...denoiserOf(network, precondition, session, devices), digest, engine, batchInvariant, close }
  return guidance ? guided(model, precondition, guidance, { ...options, cacheDir }) : model
}

/** The denoiser that a network with its preconditioning makes; the session is opened at the first evaluation. */
export function denoiserOf(
  network: Network,
  precondition: Preconditioning,
  open: () => Promise<Session>,
  devices = 1
): Omit<Model, 'digest' | 'engine' | 'batchInvariant'> {
  const { resolution, inChannels, labelDim } = network
  const shape: Shape = [inChannels, resolution, resolution]
  const size = inChannels * resolution * resolution
  let session: Promise<Session> | undefined
  let elapsed = () => 0
  const answer = async (conditioned: Preconditioning, x: Float64Array, sigma: Float64Array, condition?: Condition) => {
    const running = await (session ??= open())
    elapsed = running.elapsed
    const [output, features] = await running.run(feeds(conditioned, shape, labelDim, x, sigma, condition))
    return { denoised: combine(conditioned, size, x, sigma, output), features: Float64Array.from(features) }
  }
  const denoiserWith = (conditioned: Preconditioning) => ({
    shape,
    labelDim,
    sigmaMin: precondition.sigmaMin,
    sigmaMax: precondition.sigmaMax,
    time: precondition.time,
    nfeFactor: 1,
    devices,
    elapsed: () => elapsed(),
    denoise: async (x: Float64Array, sigma: Float64Array, condition?: Condition) =>
      (await answer(conditioned, x, sigma, condition)).denoised,
    features: {
      size: bottleneckPixels(network),
      denoise: (x: Float64Array, sigma: Float64Array, condition?: Condition) => answer(conditioned, x, sigma, condition)
    },
    async close() {
      await (await session)?.close()
    }
  })
  const { at, unrounded } = precondition
  const smooth =
    unrounded && denoiserWith({ ...precondition, at: sigma => ({ ...at(sigma), noise: unrounded(sigma) }) })
  return { ...denoiserWith(precondition), smooth }
}

/** What the network is given: x scaled and rounded to single precision, the noise level, classes as one-hot rows. */
function feeds(
  { at }: Preconditioning,
  shape: Shape,
  labelDim: number,
  x: Float64Array,
  sigma: Float64Array,
  condition?: Condition
): Feed[] {
  const batch = sigma.length
  const size = x.length / batch
  const scaled = new Float32Array(x.length)
  const noise = new Float32Array(batch)
  for (let b = 0; b < batch; b++) {
    const coefficients = at(sigma[b])
    noise[b] = coefficients.noise
    for (let i = b * size; i < (b + 1) * size; i++) scaled[i] = coefficients.in * x[i]
  }
  const inputs: Feed[] = [
    { name: INPUTS.x, shape: [batch, ...shape], data: scaled },
    { name: INPUTS.noise, shape: [batch, 1], data: noise }
  ]
  if (labelDim > 0)
    inputs.push({ name: INPUTS.labels, shape: [batch, labelDim], data: oneHot(batch, labelDim, condition?.labels) })
  return inputs
}

/** skip x + out F, in double precision. A network's variance channels are left out. */
function combine(
  { at }: Preconditioning,
  size: number,
  x: Float64Array,
  sigma: Float64Array,
  output: ArrayLike<number>
): Float64Array {
  const stride = output.length / sigma.length
  if (stride < size || !Number.isInteger(stride))
    throw new EpdError(
      'model-output',
      `the model answered ${output.length} numbers for ${sigma.length} samples of ${size}`
    )
  const denoised = new Float64Array(x.length)
  for (let b = 0; b < sigma.length; b++) {
    const { skip, out } = at(sigma[b])
    for (let i = 0; i < size; i++) {
      const value = skip * x[b * size + i] + out * output[b * stride + i]
      if (!Number.isFinite(value))
        throw new EpdError(
          'model-output',
          `the model answered ${value} at sigma ${sigma[b]} (sample ${b} of the batch): its weights or its input are not finite`
        )
      denoised[b * size + i] = value
    }
  }
  return denoised
}

interface Described {
  readonly className: string
  readonly initKwargs: Readonly<Record<string, unknown>>
}

/** The compiled network of a checkpoint, from the cache if this very file was compiled before. */
async function compile(checkpoint: string, content: string, cacheDir: string): Promise<Compiled<Described>> {
  return compiledOnce(cacheDir, `${content}-${COMPILER_VERSION}`, isDescribed, async () => {
    const { className, initKwargs, tensors } = described(await readNetworkCheckpoint(checkpoint), checkpoint)
    const { learnedVariance } = preconditioning(className, initKwargs)
    const graph = record(denoisingRecipe(networkOf(initKwargs, learnedVariance)), tensors)
    return { graph, about: { className, initKwargs } }
  })
}

/** With the class and arguments that a state dict alone does not name. */
function described(read: NetworkCheckpoint | StateDict, checkpoint: string): NetworkCheckpoint {
  if ('className' in read) return read
  const recognised = recognise(read.tensors)
  const wayOut = 'put a config.json with class_name and init_kwargs beside it'
  if (!recognised)
    throw new EpdError('model-invalid', `${checkpoint}: its tensors are of no network that is known; ${wayOut}`)
  if (recognised.initKwargs.image_size === undefined)
    throw new EpdError('model-invalid', `${checkpoint}: its tensors do not tell the size of its images; ${wayOut}`)
  return { ...read, ...recognised }
}

function isDescribed(value: unknown): value is Described {
  return typeof value === 'object' && value !== null && 'className' in value && 'initKwargs' in value
}

/** epd-run in the user's cache folder. */
export function defaultCache(): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'epd-run')
}
