import type { Feed, Session } from '../engines/session.js'
import { EpdError } from '../errors.js'
import { INPUTS, type Network } from '../networks/network.js'
import { oneHot, type Condition, type Denoiser, type Shape } from './denoiser.js'
import type { Preconditioning } from './preconditioning.js'

/** The properties of a network that must be known to ask it. */
export interface NetworkFace {
  readonly shape: Shape
  readonly labelDim: number
  /** The tokens of the context that it looks at, and the width of each. */
  readonly context?: { readonly tokens: number; readonly width: number }
  /** Whether the session reads prompts itself. */
  readonly prompts?: boolean
  /** The pixels of the bottleneck that it answers beside the image; undefined where it answers none. */
  readonly bottleneck?: number
}

export function faceOf(network: Network): NetworkFace {
  const { size, inChannels, labelDim, context } = network
  return { shape: [inChannels, ...size], labelDim, context, bottleneck: network.bottleneckPixels }
}

/** The denoiser that a network with its preconditioning makes; the session is opened at the first evaluation. */
export function denoiserOf(
  { shape, labelDim, context, prompts: reads, bottleneck }: NetworkFace,
  precondition: Preconditioning,
  open: () => Promise<Session>,
  {
    devices = 1,
    contextOf
  }: {
    devices?: number
    /** [prompts, tokens, width] */
    contextOf?: (prompts: readonly string[]) => Promise<Float32Array<ArrayBuffer>>
  } = {}
): Denoiser & { readonly elapsed: () => number } {
  const size = shape[0] * shape[1] * shape[2]
  let session: Promise<Session> | undefined
  let elapsed = () => 0
  const answer = async (conditioned: Preconditioning, x: Float64Array, sigma: Float64Array, condition?: Condition) => {
    const running = await (session ??= open())
    elapsed = running.elapsed
    const inputs = feeds(conditioned, shape, labelDim, x, sigma, condition)
    const prompts = condition?.prompts ?? new Array<string>(sigma.length).fill('')
    if (context && contextOf) {
      const data = await contextOf(prompts)
      inputs.push({ name: INPUTS.context, shape: [sigma.length, context.tokens, context.width], data })
    }
    const [output, ...features] = await running.run(inputs, reads ? prompts : undefined)
    return { denoised: combine(conditioned, size, x, sigma, output), features: Float64Array.from(features.at(0) ?? []) }
  }
  const denoiserWith = (conditioned: Preconditioning) => ({
    shape,
    labelDim,
    sigmaMin: precondition.sigmaMin,
    sigmaMax: precondition.sigmaMax,
    time: precondition.time,
    bounded: precondition.bounded,
    ...(precondition.pureNoise && { pureNoise: precondition.pureNoise }),
    nfeFactor: 1,
    devices,
    elapsed: () => elapsed(),
    denoise: async (x: Float64Array, sigma: Float64Array, condition?: Condition) =>
      (await answer(conditioned, x, sigma, condition)).denoised,
    features:
      bottleneck === undefined
        ? undefined
        : {
            size: bottleneck,
            denoise: (x: Float64Array, sigma: Float64Array, condition?: Condition) =>
              answer(conditioned, x, sigma, condition)
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

/** The inputs of the network: x scaled and rounded to single precision, the noise level, classes as one-hot rows. */
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
export function combine(
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
          `the model answered ${value} at sigma ${sigma[b]} (sample ${b} of the batch): its weights or its input ` +
            'are not finite'
        )
      denoised[b * size + i] = value
    }
  }
  return denoised
}
