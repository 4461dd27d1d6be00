import { homedir } from 'node:os'
import { join } from 'node:path'
import { digestOf } from '../checkpoints/digest.js'
import { readUnchanged } from '../checkpoints/unchanged.js'
import { COMPILER_VERSION, record } from '../engines/onnx/compile.js'
import { compiledOnce, type Compiled } from '../engines/onnx/compiled.js'
import { openNetwork, type NetworkOptions } from '../engines/open.js'
import type { EngineOptions } from '../engines/provider.js'
import { EpdError } from '../errors.js'
import type { ClipTextConfig } from '../networks/clip.js'
import { denoisingRecipe, networkOf } from '../networks/network.js'
import type { Denoiser } from './denoiser.js'
import { denoiserOf, faceOf } from './network-denoiser.js'
import { guided } from './classifier-guidance.js'
import { freelyGuided } from './classifier-free-guidance.js'
import { openDecoder, type Decoder } from './decoder.js'
import { partsDigest, readParts, tokenizerOf, type Parts, type PartsAbout, type PartsOptions } from './parts.js'
import type { SchedulerSampling } from './schedulers.js'
import type { TextEncoder } from './text.js'
import type { Tensors } from '../engines/recipe.js'
import { rounded, type Rounding } from './parametrisation.js'
import { preconditioning, type Preconditioning } from './preconditioning.js'
import { leftOut } from './left-out.js'
import { withClipping, type ClipDenoised } from './clipped.js'

/** Which checkpoint is opened, and how its model is run and used. */
export interface OpenModelOptions extends EngineOptions, PartsOptions {
  /** Path of the checkpoint, a file or a folder; see readParts for what it may be. */
  readonly checkpoint: string
  /** Folder of compiled graphs; default: epd-run in the user's cache folder. */
  readonly cacheDir?: string
  /** Threads of ONNX Runtime on a CPU; default: all cores. No result depends on it. */
  readonly threads?: number
  /**
   * How strongly samples are led to their condition: by the gradient of a classifier of noisy images, or, without one, away from what
   * the prompt `negative` (default: none) would lead to.
   */
  readonly guidance?: { readonly classifier?: string; readonly scale: number; readonly negative?: string }
  /** Whether the network of a chain is told whole steps alone; default: it is told what lies between two as well. */
  readonly rounding?: Rounding
  /** Default: denoised data are not clamped. */
  readonly clipDenoised?: ClipDenoised
  /**
   * Told of an engine that is there but fails, of a device whose memory is full, of a prompt that is cut, and of what a folder's scheduler
   * does to denoised images and this does not.
   */
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
  /** Whether it reads prompts. */
  readonly prompted?: boolean
  /** What makes images of its samples, where those are latents. */
  readonly decoder?: Decoder
  /** How the scheduler that it came with bounds each denoised image. The model itself does not. */
  readonly sampling?: SchedulerSampling
}

/**
 * Opens the model of a checkpoint: EDM and its descendants, guided-diffusion, latent diffusion, pipelines of
 * diffusers. Its graph is compiled once and cached; the engine is started at the first evaluation. `close` ends it.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `model-invalid`, `engine-failed`
 */
export async function openModel(options: OpenModelOptions): Promise<Model> {
  const { checkpoint, clipDenoised, onNote } = options
  const model = await openNetworks(options)
  const note = clipDenoised === undefined ? leftOut(model.sampling, checkpoint) : undefined
  if (note !== undefined) onNote?.(note)
  return withClipping(model, clipDenoised)
}

async function openNetworks(options: OpenModelOptions): Promise<Model> {
  const { checkpoint, variant, shape, weights, cacheDir = defaultCache(), guidance, rounding } = options
  const choice = { variant, shape, weights }
  const content = await partsDigest(checkpoint, choice)
  // A file of gigabytes is read once for all its networks, and let go when they are compiled.
  let reading: Promise<Parts> | undefined
  const parts = () => (reading ??= readParts(checkpoint, choice))
  const unchanged = <T>(read: () => Promise<T>) =>
    readUnchanged(checkpoint, content, () => partsDigest(checkpoint, choice), read)
  const { graph, about } = await compile(parts, unchanged, content, cacheDir, options.onNote)
  const { className, initKwargs } = about
  const precondition = roundedAs(rounding, preconditioning(className, initKwargs), checkpoint)
  const network = networkOf(initKwargs, precondition.learnedVariance)
  const part = (name: string, tensors: (parts: Parts) => Promise<Tensors>) => ({
    ...options,
    ...{ content: `${content}${name}`, cacheDir, tensors: () => unchanged(async () => tensors(await parts())) }
  })
  const text =
    about.text &&
    (await textOf(
      about.text,
      checkpoint,
      part('-text', parts => parts.text())
    ))
  const decoder =
    about.decoder && (await openDecoder({ ...part('-decoder', parts => parts.decoder()), ...about.decoder }))
  const { engine, batchInvariant, devices, session, close } = await openNetwork({
    ...part('', parts => parts.network()),
    recipe: denoisingRecipe(network)
  })
  reading = undefined
  const model: Model = {
    ...denoiserOf(faceOf(network), precondition, session, {
      devices,
      contextOf: text && (prompts => text.encode(prompts))
    }),
    ...{ engine, batchInvariant, decoder, prompted: text !== undefined, sampling: about.sampling },
    digest: digestOf([
      ...[graph, className, initKwargs],
      ...(text ? [text.digest] : []),
      ...(rounding === 'nearest' ? [{ rounding }] : [])
    ]),
    async close() {
      await Promise.all([close(), text?.close(), decoder?.close()])
    }
  }
  if (!guidance) return model
  if (guidance.classifier !== undefined)
    return guided(model, precondition, { ...guidance, classifier: guidance.classifier }, { ...options, cacheDir })
  if (!text)
    throw new EpdError(
      'model-invalid',
      `${checkpoint}: reads no prompts; guidance without a classifier needs a model that does`
    )
  const { scale, negative = '' } = guidance
  return { ...freelyGuided(model, scale, negative), digest: digestOf([model.digest, scale, negative]) }
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
  parts: () => Promise<Parts>,
  unchanged: <T>(read: () => Promise<T>) => Promise<T>,
  content: string,
  cacheDir: string,
  onNote: OpenModelOptions['onNote']
): Promise<Compiled<PartsAbout>> {
  const make = async () => {
    const { about, tensors } = await unchanged(async () => {
      const { about, network } = await parts()
      return { about, tensors: await network() }
    })
    const { className, initKwargs } = about
    const { learnedVariance } = preconditioning(className, initKwargs)
    const graph = record(denoisingRecipe(networkOf(initKwargs, learnedVariance)), tensors)
    return { graph, about }
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
