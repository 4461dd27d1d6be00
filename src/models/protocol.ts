import { EpdError } from '../errors.js'
import { parseShallow } from '../reading/json.js'
import type { Shape } from './denoiser.js'
import type { NoiseSpec, Prediction } from './parametrisation.js'

/**
 * The first bytes of what a program says of itself. As a float32 they are no number, which no answer of a program may
 * be, so that a program that says nothing of itself is never taken for one that does.
 */
export const GREETING = Buffer.from(Uint32Array.of(0x7fe0_0002).buffer)
/** The greeting, and the length of the JSON behind it. */
export const GREETING_HEAD = 8
const LONGEST_GREETING = 2 ** 24

/** The announcement in which a program says what model it is. */
export interface Announcement {
  readonly shape: Shape
  readonly predicts: Prediction
  readonly noise: NoiseSpec
  /** The number of classes. */
  readonly labels: number
  /** Whether it reads prompts. */
  readonly prompts: boolean
  /** Network evaluations behind one answer: 2 with classifier-free guidance. */
  readonly nfeFactor: number
  /** The size of the images that it decodes samples to; absent: samples are images. */
  readonly decodes?: Shape
}

/** One request: what is asked of how many samples. */
export interface Request {
  readonly samples: number
  /** [samples], as the noise is told; absent: decode x. */
  readonly noise?: Float32Array<ArrayBuffer>
  /** [samples, ...shape] */
  readonly x: Float32Array<ArrayBuffer>
  /** [samples], -1 for none. */
  readonly classes?: Int32Array<ArrayBuffer>
  readonly prompts?: readonly string[]
}

const FLAGS = { classes: 1, prompts: 2, decode: 4 } as const

/** A request's bytes, as docs/command.md has them. */
export function encodeRequest({ samples, noise, x, classes, prompts }: Request): Buffer {
  const flags = (classes ? FLAGS.classes : 0) | (prompts ? FLAGS.prompts : 0) | (noise === undefined ? FLAGS.decode : 0)
  const texts = prompts && Buffer.from(JSON.stringify(prompts), 'utf8')
  const parts = [Uint32Array.of(samples, flags), noise, x, classes, texts && Uint32Array.of(texts.length), texts]
  return Buffer.concat(
    parts.flatMap(part => (part === undefined ? [] : [Buffer.from(part.buffer, part.byteOffset, part.byteLength)]))
  )
}

/** The number of bytes of JSON in a greeting, by its first GREETING_HEAD bytes. */
export function greetingLength(head: Buffer): number {
  const length = head.readUInt32LE(4)
  if (length > LONGEST_GREETING) throw invalid(`its length is ${length} bytes`)
  return length
}

/** @throws EpdError `model-invalid` */
export function readAnnouncement(json: string): Announcement {
  let said: unknown
  try {
    said = parseShallow(json)
  } catch {
    throw invalid('it is no JSON that can be read')
  }
  const { protocol, shape, predicts, noise, labels = 0, prompts = false, nfe = 1, decodes, ...rest } = recordOf(said)
  const strange = Object.keys(rest)
  if (strange.length > 0) throw invalid(`${JSON.stringify(strange[0])} is no part of it`)
  if (protocol !== 2) throw invalid(`protocol must be 2, found ${JSON.stringify(protocol)}`)
  if (!isPrediction(predicts))
    throw invalid(`predicts must be epsilon, v, x0 or flow, found ${JSON.stringify(predicts)}`)
  if (!isCount(labels)) throw invalid(`labels must be a whole number, found ${JSON.stringify(labels)}`)
  if (typeof prompts !== 'boolean') throw invalid(`prompts must be true or false, found ${JSON.stringify(prompts)}`)
  if (!isCount(nfe) || nfe < 1) throw invalid(`nfe must be 1 or more, found ${JSON.stringify(nfe)}`)
  return {
    ...{ shape: shapeOf('shape', shape), predicts, noise: noiseOf(noise), labels, prompts, nfeFactor: nfe },
    ...(decodes !== undefined && decodes !== null && { decodes: shapeOf('decodes', decodes) })
  }
}

function invalid(what: string): EpdError {
  return new EpdError('model-invalid', `what the program says of itself cannot be used: ${what} (docs/command.md)`)
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('it is no JSON object')
  return { ...value }
}

function isPrediction(value: unknown): value is Prediction {
  return value === 'epsilon' || value === 'v' || value === 'x0' || value === 'flow'
}

/** More numbers than a sample of any use has; a program that says so would have the memory filled. */
const MOST_NUMBERS = 2 ** 28

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0
}

function shapeOf(name: string, value: unknown): Shape {
  if (Array.isArray(value)) {
    const list: readonly unknown[] = value
    const [channels, height, width, ...rest] = list
    if (isCount(channels) && isCount(height) && isCount(width) && rest.length === 0) {
      const size = channels * height * width
      if (size > 0 && size <= MOST_NUMBERS) return [channels, height, width]
    }
  }
  throw invalid(`${name} must be [channels, height, width], found ${JSON.stringify(value)}`)
}

/** The noise of a program, with every number that a spec's defaults would give. */
function noiseOf(value: unknown): NoiseSpec {
  const { type, ...rest } = recordOf(value)
  const read = typeof type === 'string' && Object.hasOwn(NOISES, type) ? NOISES[type] : undefined
  if (!read) throw invalid(`noise.type must be ${Object.keys(NOISES).join(', ')}, found ${JSON.stringify(type)}`)
  return read(rest)
}

const NOISES: Readonly<Record<string, (given: Readonly<Record<string, unknown>>) => NoiseSpec>> = {
  sigma({ told = 'sigma', sigmaMin, sigmaMax, ...rest }) {
    none(rest)
    if (told !== 'sigma' && told !== 'log' && told !== 'quarter-log')
      throw invalid(`noise.told must be sigma, log or quarter-log, found ${JSON.stringify(told)}`)
    const [least, most] = [positive('sigmaMin', sigmaMin), positive('sigmaMax', sigmaMax)]
    if (least >= most) throw invalid(`noise.sigmaMin must be below sigmaMax, found ${least} and ${most}`)
    return { type: 'sigma', told, sigmaMin: least, sigmaMax: most }
  },
  steps({ alphaBars, between = 'log-alpha', ...rest }) {
    none(rest)
    if (between !== 'log-alpha' && between !== 'log-sigma')
      throw invalid(`noise.between must be log-alpha or log-sigma, found ${JSON.stringify(between)}`)
    if (!Array.isArray(alphaBars)) throw invalid('noise.alphaBars must be a list of numbers')
    return { type: 'steps', betas: { alphaBars: alphaBars.map(bar => positive('alphaBars', bar)), between } }
  },
  flow({ times = 1, first = 0.001, last = 0.999, ...rest }) {
    none(rest)
    const [from, to] = [positive('first', first), positive('last', last)]
    if (from >= to || to > 1) throw invalid(`noise.first and last must rise to 1 at most, found ${from} and ${to}`)
    return { type: 'flow', times: positive('times', times), first: from, last: to }
  }
}

function none(rest: Readonly<Record<string, unknown>>): void {
  const strange = Object.keys(rest)
  if (strange.length > 0) throw invalid(`noise.${strange[0]} is no part of it`)
}

function positive(name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value
  throw invalid(`noise.${name} must be a number above 0, found ${JSON.stringify(value)}`)
}
