import { elementCount } from '../checkpoints/tensor.js'
import { digestOf } from '../checkpoints/digest.js'
import type { Feed, Session } from '../engines/session.js'
import { EpdError } from '../errors.js'
import { INPUTS } from '../networks/network.js'
import { betweenSteps } from './between-steps.js'
import { withClipping } from './clipped.js'
import type { Decoder } from './decoder.js'
import { classesOf, type Shape } from './denoiser.js'
import { denoiserOf } from './network-denoiser.js'
import type { ClipDenoised, Model } from './model.js'
import { parametrisation, type NoiseSpec, type Prediction } from './parametrisation.js'
import type { ProgramOptions } from './program-state.js'
import { startProgram, type Program } from './program.js'
import type { Announcement } from './protocol.js'

/**
 * A model that is a program; docs/command.md has what it reads and writes. Without a shape the program itself says what
 * it is; with one it is started at the first evaluation, and what it says of itself must agree.
 */
export interface CommandModelOptions extends ProgramOptions {
  /** The version of the program and its weights. Another version may have other results. */
  readonly version: string
  readonly shape?: Shape
  /** The number of classes; default: what the program says, or 0. */
  readonly labels?: number
  /** Default: what the program says, or x0. */
  readonly predicts?: Prediction
  /** Default: what the program says, or sigma itself, between 0.002 and 80. */
  readonly noise?: NoiseSpec
  /** Default: denoised data are not clamped. */
  readonly clipDenoised?: ClipDenoised
}

const SIGMA: NoiseSpec = { type: 'sigma', told: 'sigma', sigmaMin: 0.002, sigmaMax: 80 }

/** The properties of a program that are known. */
type Face = Omit<Announcement, 'nfeFactor' | 'prompts'> & Partial<Pick<Announcement, 'nfeFactor' | 'prompts'>>

/**
 * Starts a program and opens it as a model, by the protocol that docs/command.md describes. `close` ends the program.
 * @throws EpdError `model-invalid` where what it says of itself cannot be used or is not what the options say,
 * `engine-failed`
 */
export async function openCommandModel(options: CommandModelOptions): Promise<Model> {
  const { command, version, shape } = options
  let running: Promise<Checked> | undefined
  const program = () => (running ??= Promise.resolve(checked(startProgram(options), options)))
  const face = shape === undefined ? await announced(program, options) : declared({ ...options, shape })
  const { labels, predicts, noise, decodes, prompts = false, nfeFactor = 1 } = face
  const open = async () => sessionOf(await program(), face)
  const model = (told: NoiseSpec, session: () => Promise<Session>) =>
    denoiserOf({ shape: face.shape, labelDim: labels, prompts }, parametrisation(predicts, told), session)
  const whole = noise.type === 'steps' && noise.rounding === 'nearest'
  const digest = digestOf([command, version, face.shape, labels, predicts, noise])
  const opened: Model = {
    ...model(noise, open),
    smooth: whole ? model({ ...noise, rounding: undefined }, async () => betweenSteps(await open())) : undefined,
    ...{ engine: 'command', batchInvariant: false, digest, prompted: prompts, nfeFactor },
    decoder: decodes && decoderOf(program, face.shape, decodes, digest),
    async close() {
      await (await running?.catch(() => undefined))?.close()
    }
  }
  return withClipping(opened, options.clipDenoised)
}

function declared({ shape, labels = 0, predicts = 'x0', noise = SIGMA }: CommandModelOptions & { shape: Shape }): Face {
  return { shape, labels, predicts, noise }
}

/** The program's own announcement, with the steps told as the options have them. */
async function announced(program: () => Promise<Checked>, { noise }: CommandModelOptions): Promise<Face> {
  const running = await program()
  const said = await running.announcement
  if (!said) throw running.fail('says nothing of itself, so that the spec has to: give model.shape')
  const rounding = noise?.type === 'steps' ? noise.rounding : undefined
  return { ...said, noise: said.noise.type === 'steps' && rounding ? { ...said.noise, rounding } : said.noise }
}

/** A program, and whether what it says of itself agrees with the options. */
interface Checked extends Program {
  readonly agreed: Promise<void>
}

/** A program that is ended where it says other things of itself than the options do. */
function checked(program: Program, options: CommandModelOptions): Checked {
  const agreed = program.announcement.then(said => {
    const wrong = said && difference(said, options)
    if (wrong !== undefined) throw program.fail(wrong)
  })
  agreed.catch(() => undefined)
  return { ...program, agreed }
}

function difference(said: Announcement, options: CommandModelOptions): string | undefined {
  for (const name of ['shape', 'labels', 'predicts', 'noise'] as const) {
    const [theirs, ours] = [said[name], options[name]]
    if (ours !== undefined && !agree(theirs, ours))
      return `says that its ${name} is ${shortly(theirs)}, and the spec says ${shortly(ours)}`
  }
  return undefined
}

/** Whether all that ours says stands in theirs too; how steps are rounded is the spec's alone. */
function agree(theirs: unknown, ours: unknown): boolean {
  if (typeof ours !== 'object' || ours === null) return theirs === ours
  if (typeof theirs !== 'object' || theirs === null) return false
  const known = new Map(Object.entries(theirs))
  return Object.entries(ours).every(([key, value]) => key === 'rounding' || agree(known.get(key), value))
}

function shortly(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > 120 ? `${text.slice(0, 117)}...` : text
}

/** The program as a session: the feeds of a network become a request. */
function sessionOf(program: Checked, { shape, labels }: Face): Session {
  const size = elementCount(shape)
  return {
    async run(feeds, prompts) {
      const noise = dataOf(feeds, INPUTS.noise)
      const classes = labels > 0 ? classesOf(dataOf(feeds, INPUTS.labels), labels) : undefined
      const request = { samples: noise.length, noise, x: dataOf(feeds, INPUTS.x), classes, prompts }
      const answer = await program.ask(request, noise.length * size)
      await program.agreed
      return [answer]
    },
    elapsed: program.elapsed,
    held: () => undefined,
    close: () => program.close()
  }
}

function decoderOf(program: () => Promise<Program>, latents: Shape, images: Shape, digest: string): Decoder {
  return {
    ...{ shape: images, digest: digestOf([digest, images]), scale: 1, engine: 'command' },
    async decode(x, count) {
      if (x.length !== count * elementCount(latents))
        throw new EpdError('model-output', `${x.length} numbers are not ${count} samples of ${latents.join('x')}`)
      return (await program()).ask({ samples: count, x: Float32Array.from(x) }, count * elementCount(images))
    },
    close: () => Promise.resolve()
  }
}

function dataOf(feeds: readonly Feed[], name: string): Float32Array<ArrayBuffer> {
  return Float32Array.from(feeds.find(feed => feed.name === name)?.data ?? [])
}
