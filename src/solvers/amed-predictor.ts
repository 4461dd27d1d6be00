import { power } from '../power.js'
import { sigmoid } from './predictor.js'

/** A fully connected layer: weight [out][in], bias [out]. */
export interface Layer {
  readonly weight: readonly (readonly number[])[]
  readonly bias: readonly number[]
}

/** AMED's small network by its layers. `code` answers 4 numbers, `time` 8, and each of the last three one, from 20. */
export interface AmedLayers {
  /** From the waves of a time, 8. */
  readonly time: Layer
  /** From the bottleneck's features, to 128. */
  readonly encoder: Layer
  readonly code: Layer
  readonly r: Layer
  readonly scaleDir: Layer
  readonly scaleTime: Layer
}

export const AMED_LAYERS = [
  'time',
  'encoder',
  'code',
  'r',
  'scaleDir',
  'scaleTime'
] as const satisfies (keyof AmedLayers)[]

/**
 * What a step's parameters are predicted by, for each sample from the network's bottleneck and the step's two times.
 */
export interface AmedPredictor {
  readonly layers: AmedLayers
  /** How far each scale may stray from 1. */
  readonly ranges: { readonly scaleDir: number; readonly scaleTime: number }
}

/** One sample's parameters of one step. */
export interface AmedPoint {
  /** Where the second evaluation stands between the two time points, in log sigma: 0 to 1. */
  readonly r: number
  readonly scaleDir: number
  readonly scaleTime: number
}

export const AMED_HIDDEN = 128
export const AMED_CODE = 4
export const AMED_WAVES = 8
/** Features for the last layers: the code, and both times. */
export const AMED_HEAD = AMED_CODE + 2 * AMED_WAVES

/** The parameters of a sample, and what was computed on the way, from which `amedGradient` goes back. */
export interface AmedForward {
  readonly point: AmedPoint
  readonly features: Float64Array
  readonly waves: readonly [readonly number[], readonly number[]]
  readonly times: readonly [readonly number[], readonly number[]]
  readonly encoded: readonly number[]
  readonly head: readonly number[]
}

/**
 * AMED's predictor (Zhou et al. 2023, arXiv 2312.00094, and its code): the features through two layers with SiLU
 * between, each time as waves through one layer with SiLU, and all of it through one layer for each parameter.
 * `features`: undefined where no evaluation has shown any, in a step that afs skips; they count as zeros.
 */
export function amedForward(
  { layers, ranges }: AmedPredictor,
  features: Float64Array | undefined,
  t: number,
  next: number
): AmedForward {
  const given = features ?? new Float64Array(layers.encoder.weight[0].length)
  const encoded = affine(layers.encoder, given)
  const waves = [wavesOf(t), wavesOf(next)] as const
  const times = [affine(layers.time, waves[0]), affine(layers.time, waves[1])] as const
  const head = [...affine(layers.code, encoded.map(silu)), ...times[0].map(silu), ...times[1].map(silu)]
  const share = (layer: Layer) => sigmoid(affine(layer, head)[0])
  const scale = (layer: Layer, range: number) => 2 * range * share(layer) + 1 - range
  const point = {
    r: share(layers.r),
    scaleDir: scale(layers.scaleDir, ranges.scaleDir),
    scaleTime: scale(layers.scaleTime, ranges.scaleTime)
  }
  return { point, features: given, waves, times, encoded, head }
}

/** The gradient in a layer: in its weights the outer product of these, in its bias `outputs`. */
export interface LayerSlope {
  readonly layer: keyof AmedLayers
  readonly outputs: readonly number[]
  readonly inputs: ArrayLike<number>
}

/** The gradient in the network, from that in a sample's parameters: the chain rule backwards through `amedForward`. */
export function amedGradient(
  { layers, ranges }: AmedPredictor,
  { point, features, waves, times, encoded, head }: AmedForward,
  gradient: AmedPoint
): LayerSlope[] {
  const slope = (value: number, range: number) => {
    const share = (value - 1 + range) / (2 * range)
    return range === 0 ? 0 : 2 * range * share * (1 - share)
  }
  const outer = {
    r: [gradient.r * point.r * (1 - point.r)],
    scaleDir: [gradient.scaleDir * slope(point.scaleDir, ranges.scaleDir)],
    scaleTime: [gradient.scaleTime * slope(point.scaleTime, ranges.scaleTime)]
  }
  const parameters = ['r', 'scaleDir', 'scaleTime'] as const
  const heads = parameters.map(layer => backwards(layers[layer], outer[layer]))
  const ofHead = head.map((_, i) => heads.reduce((sum, each) => sum + each[i], 0))
  const ofCode = ofHead.slice(0, AMED_CODE)
  const hidden = backwards(layers.code, ofCode)
  return [
    ...times.map((time, k): LayerSlope => {
      const from = AMED_CODE + k * AMED_WAVES
      return { layer: 'time', outputs: time.map((value, i) => ofHead[from + i] * siluSlope(value)), inputs: waves[k] }
    }),
    { layer: 'encoder', outputs: encoded.map((value, i) => hidden[i] * siluSlope(value)), inputs: features },
    { layer: 'code', outputs: ofCode, inputs: encoded.map(silu) },
    ...parameters.map((layer): LayerSlope => ({ layer, outputs: outer[layer], inputs: head }))
  ]
}

/** A network's numbers, one layer after the other, its weights row by row and then its bias. */
export function numbersOf(layers: AmedLayers): number[] {
  return AMED_LAYERS.flatMap(name => [...layers[name].weight.flat(), ...layers[name].bias])
}

/** The network of the same sizes that has these numbers. */
export function withNumbers(layers: AmedLayers, numbers: readonly number[]): AmedLayers {
  let at = 0
  const take = (count: number) => numbers.slice(at, (at += count))
  const [time, encoder, code, r, scaleDir, scaleTime] = AMED_LAYERS.map((name): Layer => {
    const { weight, bias } = layers[name]
    return { weight: weight.map(row => take(row.length)), bias: take(bias.length) }
  })
  return { time, encoder, code, r, scaleDir, scaleTime }
}

/** Adds a gradient to a sum in the order of `numbersOf`. */
export function addGradient(sum: Float64Array, layers: AmedLayers, slopes: readonly LayerSlope[]): void {
  let at = 0
  for (const name of AMED_LAYERS) {
    const { weight, bias } = layers[name]
    const size = weight[0].length
    for (const { layer, outputs, inputs } of slopes) {
      if (layer !== name) continue
      for (let i = 0; i < outputs.length; i++) {
        for (let j = 0; j < size; j++) sum[at + i * size + j] += outputs[i] * inputs[j]
        sum[at + outputs.length * size + i] += outputs[i]
      }
    }
    at += weight.length * size + bias.length
  }
}

/** Sines and cosines of a time at 4 frequencies, from 1 down to 1/10,000. */
function wavesOf(time: number): number[] {
  const count = AMED_WAVES / 2
  const angles = Array.from({ length: count }, (_, k) => time * power(10_000, -k / (count - 1)))
  return [...angles.map(Math.sin), ...angles.map(Math.cos)]
}

function affine({ weight, bias }: Layer, x: ArrayLike<number>): number[] {
  return weight.map((row, i) => {
    let sum = bias[i]
    for (let j = 0; j < row.length; j++) sum += row[j] * x[j]
    return sum
  })
}

/** The gradient in a layer's input. */
function backwards({ weight }: Layer, gradient: readonly number[]): number[] {
  const sums = weight[0].map(() => 0)
  weight.forEach((row, i) => {
    for (let j = 0; j < sums.length; j++) sums[j] += row[j] * gradient[i]
  })
  return sums
}

function silu(x: number): number {
  return x * sigmoid(x)
}

function siluSlope(x: number): number {
  const share = sigmoid(x)
  return share * (1 + x * (1 - share))
}

/**
 * AMED's predictor (Zhou et al. 2023, arXiv 2312.00094) from its layers, checked.
 * @throws RangeError if a layer has another size than the network's, or holds a number that is not finite
 */
export function amedPredictor({ layers, ranges }: AmedPredictor): AmedPredictor {
  const features = layers.encoder.weight.at(0)?.length ?? 0
  const heads = { r: AMED_HEAD, scaleDir: AMED_HEAD, scaleTime: AMED_HEAD }
  const inputs = { time: AMED_WAVES, encoder: features, code: AMED_HIDDEN, ...heads }
  const outputs = { time: AMED_WAVES, encoder: AMED_HIDDEN, code: AMED_CODE, r: 1, scaleDir: 1, scaleTime: 1 }
  for (const name of AMED_LAYERS) {
    const { weight, bias } = layers[name]
    const [out, input] = [outputs[name], inputs[name]]
    const fits = weight.length === out && bias.length === out && input > 0 && weight.every(row => row.length === input)
    if (!fits)
      throw new RangeError(`amed predictor: layer ${name} must have ${out} rows of ${input} numbers, and ${out} biases`)
    if (![...weight.flat(), ...bias].every(Number.isFinite))
      throw new RangeError(`amed predictor: layer ${name} holds a number that is not finite`)
  }
  return { layers, ranges }
}
