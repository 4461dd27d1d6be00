import { homedir } from 'node:os'
import { join } from 'node:path'
import { digestOf } from '../checkpoints/digest.js'
import { readUnchanged } from '../checkpoints/unchanged.js'
import { COMPILER_VERSION, record } from '../engines/onnx/compile.js'
import { compiledOnce, type Compiled } from '../engines/onnx/compiled.js'
import { openNetwork, type NetworkOptions } from '../engines/open.js'
import type { Tensors } from '../engines/recipe.js'
import { EpdError } from '../errors.js'
import type { ClipTextConfig } from '../networks/clip.js'
import { denoisingRecipe, type Network } from '../networks/network.js'
import { networkOf } from '../networks/registry.js'
import { againstNoClass, againstPrompt, freelyGuided } from './classifier-free-guidance.js'
import { guided } from './classifier-guidance.js'
import { withClipping } from './clipped.js'
import { openDecoder } from './decoder.js'
import type { Parts, PartsAbout } from './layout.js'
import { leftOut } from './left-out.js'
import type { Model, OpenModelOptions } from './model.js'
import { denoiserOf, faceOf } from './network-denoiser.js'
import { rounded, type Rounding } from './parametrisation.js'
import { partsDigest, readParts, tokenizerOf } from './parts.js'
import type { Preconditioning } from './preconditioning.js'
import { preconditioning } from './preconditionings.js'
import { READERS, type Readers } from './readers.js'
import type { TextEncoder } from './text.js'

/**
 * Opens the model of a checkpoint: EDM and its descendants, guided-diffusion, latent diffusion, pipelines of
 * diffusers. Its graph is compiled once and cached; the engine is started at the first evaluation. `close` ends it.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `model-invalid`, `engine-failed`
 */
export function openModel(options: OpenModelOptions): Promise<Model> {
  return openModelBy(options, READERS)
}

/** Opens the model of a checkpoint whose formats, layouts and families are these. */
export async function openModelBy(options: OpenModelOptions, readers: Readers): Promise<Model> {
  const { checkpoint, clipDenoised, onNote } = options
  const model = await openGuided(options, readers)
  const note = clipDenoised === undefined ? leftOut(model.sampling, checkpoint) : undefined
  if (note !== undefined) onNote?.(note)
  return withClipping(model, clipDenoised)
}

/** Opens the model with the guidance that is asked for. */
async function openGuided(options: OpenModelOptions, readers: Readers): Promise<Model> {
  const { checkpoint, cacheDir = defaultCache(), guidance } = options
  const { model, precondition, dropsClasses } = await openNetworks({ ...options, cacheDir }, readers)
  if (!guidance) return model
  if (guidance.classifier !== undefined)
    return guided(model, precondition, { ...guidance, classifier: guidance.classifier }, { ...options, cacheDir })
  const { scale, negative = '' } = guidance
  if (model.prompted === true)
    return {
      ...freelyGuided(model, scale, againstPrompt(negative)),
      digest: digestOf([model.digest, scale, negative])
    }
  const fault = faultOfClasses(model, dropsClasses, negative)
  if (fault !== undefined) throw new EpdError('model-invalid', `${checkpoint}: ${fault}`)
  return { ...freelyGuided(model, scale, againstNoClass), digest: digestOf([model.digest, 'classes', scale]) }
}

/** Why a model that reads no prompts cannot be led by its classes; undefined where it can. */
function faultOfClasses({ labelDim }: Model, dropsClasses: boolean, negative: string): string | undefined {
  if (labelDim === 0)
    return 'reads no prompts and has no classes; guidance without a classifier needs a model that has either'
  if (negative !== '') return 'reads no prompts; guidance by its classes has no negative; leave it out'
  if (dropsClasses) return undefined
  return (
    'reads no prompts, and its arguments have no label_dropout above 0, by which it would know images without a ' +
    'class; guidance without a classifier needs a model that was trained so. If this one was, say so in init_kwargs ' +
    'of a config.json beside it'
  )
}

type CachedOptions = OpenModelOptions & { readonly cacheDir: string }

/** A checkpoint under the name of its content, read anew for each of its networks that is not compiled yet. */
interface Source {
  readonly content: string
  readonly parts: () => Promise<Parts>
  /** Reads of the checkpoint, and checks that it still is the one that was named. */
  readonly unchanged: <T>(read: () => Promise<T>) => Promise<T>
  /** Lets go of what was read. */
  readonly release: () => void
}

async function sourceOf({ checkpoint, variant, shape, weights }: CachedOptions, readers: Readers): Promise<Source> {
  const choice = { variant, shape, weights }
  const content = await partsDigest(checkpoint, choice)
  // A file of gigabytes is read once for all its networks, and let go when they are compiled.
  let reading: Promise<Parts> | undefined
  return {
    content,
    parts: () => (reading ??= readParts(checkpoint, choice, readers)),
    unchanged: read => readUnchanged(checkpoint, content, () => partsDigest(checkpoint, choice), read),
    release() {
      reading = undefined
    }
  }
}

interface OpenedNetworks {
  readonly model: Model
  readonly precondition: Preconditioning
  /** Whether its network was trained with classes left out now and then, by the share that EDM's arguments name. */
  readonly dropsClasses: boolean
}

async function openNetworks(options: CachedOptions, readers: Readers): Promise<OpenedNetworks> {
  const { checkpoint, rounding } = options
  const source = await sourceOf(options, readers)
  const { graph, about } = await compile(source, options, readers)
  const { className, initKwargs } = about
  const { network, precondition: exact } = described(about, readers)
  const precondition = roundedAs(rounding, exact, checkpoint)
  const part = partsOf(source, options)
  const text =
    about.text &&
    (await textOf(
      about.text,
      checkpoint,
      part('-text', parts => parts.text())
    ))
  const decoder =
    about.decoder && (await openDecoder({ ...part('-decoder', parts => parts.decoder()), ...about.decoder }))
  const recipe = denoisingRecipe(network)
  const opened = await openNetwork({ ...part('', parts => parts.network()), recipe })
  const { engine, runner, batchInvariant, devices, session, close } = opened
  source.release()
  const contextOf = text && ((prompts: readonly string[]) => text.encode(prompts))
  const model: Model = {
    ...denoiserOf(faceOf(network), precondition, session, { devices, contextOf }),
    engine,
    runner,
    batchInvariant,
    decoder,
    prompted: text !== undefined,
    sampling: about.sampling,
    digest: digestOf([
      ...[graph, className, initKwargs],
      ...(text ? [text.digest] : []),
      ...(rounding === 'nearest' ? [{ rounding }] : [])
    ]),
    async close() {
      await Promise.all([close(), text?.close(), decoder?.close()])
    }
  }
  return { model, precondition, dropsClasses: Number(initKwargs.label_dropout ?? 0) > 0 }
}

/** The options of each network of a checkpoint, compiled under a name of its own. */
function partsOf({ content, parts, unchanged }: Source, options: CachedOptions) {
  return (name: string, tensors: (parts: Parts) => Promise<Tensors>) => ({
    ...options,
    content: `${content}${name}`,
    tensors: () => unchanged(async () => tensors(await parts()))
  })
}

/** The network that a checkpoint describes, with its preconditioning. @throws EpdError `model-invalid` */
function described(
  { className, initKwargs }: PartsAbout,
  { models, networks }: Readers
): { readonly network: Network; readonly precondition: Preconditioning } {
  const precondition = preconditioning(className, initKwargs, models)
  return { network: networkOf(initKwargs, precondition.learnedVariance, networks), precondition }
}

function roundedAs(rounding: Rounding = 'none', precondition: Preconditioning, checkpoint: string): Preconditioning {
  if (rounding === 'none') return precondition
  if (precondition.time?.told) return rounded(precondition)
  throw new EpdError(
    'model-invalid',
    `${checkpoint}: is told no steps of a chain, so that rounding: nearest has none to round; leave it out`
  )
}

async function textOf(
  config: ClipTextConfig,
  checkpoint: string,
  options: Omit<NetworkOptions, 'recipe'>
): Promise<TextEncoder> {
  const { openText } = await import('./text.js')
  return openText({ ...options, config, tokenizer: await tokenizerOf(checkpoint) })
}

/** The compiled network of a checkpoint, from the cache if this very file was compiled before. */
async function compile(
  { content, parts, unchanged }: Source,
  { cacheDir, onNote }: CachedOptions,
  readers: Readers
): Promise<Compiled<PartsAbout>> {
  const make = async () => {
    const { about, tensors } = await unchanged(async () => {
      const { about, network } = await parts()
      return { about, tensors: await network() }
    })
    return { graph: record(denoisingRecipe(described(about, readers).network), tensors), about }
  }
  return compiledOnce({ folder: cacheDir, name: `${content}-${COMPILER_VERSION}`, isAbout, make, onNote })
}

function isAbout(value: unknown): value is PartsAbout {
  return typeof value === 'object' && value !== null && 'className' in value && 'initKwargs' in value
}

/**
 * The folder of compiled graphs where no other is named: `epd-run` in the user's cache folder (XDG_CACHE_HOME, or
 * ~/.cache).
 */
export function defaultCache(): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'epd-run')
}
